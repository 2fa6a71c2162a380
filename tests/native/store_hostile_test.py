# SPDX-License-Identifier: Apache-2.0
# Seconds: 14
# Archives that want out, in, or too much: each is refused or does no harm, and leaves nothing behind.
import gzip
import io
import json
import os
import random
import stat
import struct
import subprocess
import tarfile
import time

from store_tool import (ROOT, Failed, busybox_layer, call, config_of, diff_dir, docker_archive, fails, finish, fresh, killed, load_layer,
                        peak, sha, start, tar_of)
from support import folder, main, test

PAX = tarfile.PAX_FORMAT
GNU = tarfile.GNU_FORMAT


def canary():
    """A file outside of all roots that no archive may change; -> its directory"""
    path = fresh("outside")
    with open(path + "/canary", "w") as file:
        file.write("alive")
    return path


def alive(path):
    assert os.listdir(path) == ["canary"], os.listdir(path)
    with open(path + "/canary") as file:
        assert file.read() == "alive"


def store_is_clean(root=ROOT):
    left = os.listdir(os.path.join(root, "tmp"))
    assert left == [], left


def refused(*entries, form=PAX, **more):
    """The layer is refused; -> the words"""
    words = fails("bad-input", "load", data=docker_archive([tar_of(*entries, form=form)]), **more)
    store_is_clean()
    return words


@test("names that leave the root are refused")
def traversal():
    out = canary()
    for name in ("../x", "a/../../x", "..", "/../x", "a/b/../../../" + "../" * 20 + out[1:] + "/canary"):
        assert "root" in refused((name, b"dead"))
    diff = load_layer(tar_of((out + "/canary", b"dead"), ("/abs", b"in"), ("./a//b/./c", b"in"), ("a/x/../y", b"in")))
    assert os.path.exists(diff + out + "/canary") and os.path.exists(diff + "/abs")
    assert os.path.exists(diff + "/a/b/c") and os.path.exists(diff + "/a/y")
    alive(out)


@test("symbolic links do not lead out")
def symlinks():
    out = canary()
    for target in (out, "../" * 30 + out[1:]):
        diff = load_layer(tar_of((out[1:], "dir"), ("link", ("sym", target)), ("link/canary", b"dead")), root=fresh("s"))
        assert os.readlink(diff + "/link") == target and open(diff + out + "/canary").read() == "dead"
        alive(out)
    refused(("link", ("sym", out)), ("link/canary", b"dead"))  # leads nowhere inside of the layer
    refused(("a", ("sym", "b")), ("b", ("sym", "a")), ("a/x", b""))
    refused(("loop", ("sym", "loop")), ("loop/x", b""))
    diff = load_layer(tar_of(("file", ("sym", out + "/canary")), ("file", b"new")))
    assert open(diff + "/file").read() == "new" and not os.path.islink(diff + "/file")
    diff = load_layer(tar_of(("d", ("sym", out)), ("d", "dir", {"mode": 0o777}), ("d/x", b"")))
    assert os.path.isdir(diff + "/d") and not os.path.islink(diff + "/d")
    alive(out)


@test("hard links do not lead out")
def hardlinks():
    out = canary()
    for target in (out + "/canary", "../" * 30 + out[1:] + "/canary", "/etc/passwd", "none", "self", ".", "dir"):
        refused(("dir", "dir"), ("self", ("hard", target)))
    refused(("s", ("sym", out)), ("h", ("hard", "s/canary")))
    diff = load_layer(tar_of(("s", ("sym", out + "/canary")), ("h", ("hard", "s"), {"mode": 0o777}), ("h", b"over")))
    assert os.path.islink(diff + "/s") and open(diff + "/h").read() == "over"
    diff = load_layer(tar_of(("one", b"1"), ("two", ("hard", "one")), ("three", ("hard", "/two"))))
    assert os.stat(diff + "/one").st_nlink == 3
    alive(out)


@test("whiteouts: made, kept apart from this layer's files, and checked")
def whiteouts():
    diff = load_layer(tar_of(("a/.wh.gone", b""), ("b/.wh..wh..opq", b""), ("c", b"1"), (".wh.c", b""), (".wh.d", b""), ("d", "dir"),
                             ("e", "dir"), (".wh.e", b""), (".wh..wh.plnk", b""), (".wh.f", b""), ("f/g", b"")))
    hidden = os.lstat(diff + "/a/gone")
    assert stat.S_ISCHR(hidden.st_mode) and hidden.st_rdev == 0
    for name in "bdef":
        assert os.getxattr(f"{diff}/{name}", "trusted.overlay.opaque") == b"y", name
    assert open(diff + "/c").read() == "1"
    assert not os.path.exists(diff + "/.wh..wh.plnk")
    for name in (".wh.", "a/.wh.", ".wh...", ".wh..", "a/.wh.x/y", ".wh.d/e", "a/.wh..wh.other", ".wh..wh..opq/x", ".wh..wh..wh.x"):
        if name.startswith(".wh..wh.") and name != ".wh..wh..opq/x":
            load_layer(tar_of((name, b""), ("x", b"")))  # AUFS' own: left out
        elif name == ".wh..wh..opq/x":
            load_layer(tar_of((name, b""), ("x", b"")))
        else:
            refused((name, b""))


@test("devices and set-user-ID are kept, a raw whiteout is refused")
def nodes():
    diff = load_layer(tar_of(("null", ("chr", 1, 3), {"mode": 0o666}), ("disk", ("blk", 8, 0)), ("pipe", "fifo"),
                             ("su", b"x", {"mode": 0o4755, "uid": 1, "gid": 2}), ("sg", "dir", {"mode": 0o2775, "gid": 7})))
    assert os.lstat(diff + "/null").st_rdev == os.makedev(1, 3)
    assert stat.S_ISBLK(os.lstat(diff + "/disk").st_mode) and stat.S_ISFIFO(os.lstat(diff + "/pipe").st_mode)
    assert stat.S_IMODE(os.stat(diff + "/su").st_mode) == 0o4755 and os.stat(diff + "/su").st_uid == 1
    assert stat.S_IMODE(os.stat(diff + "/sg").st_mode) == 0o2775
    assert "0:0" in refused(("white", ("chr", 0, 0)))
    for command, request in (("context", {"to": fresh("context")}), ("archive-put", {"rootfs": fresh("rootfs"), "path": "/"})):
        fails("bad-input", command, request=request, data=tar_of(("null", ("chr", 1, 3))))


@test("extended attributes: capabilities kept, overlayfs' own refused")
def xattrs():
    caps = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)

    def with_xattr(name, value):
        return ("f", b"x", {"pax_headers": {"SCHILY.xattr." + name: value.decode("latin-1") if isinstance(value, bytes) else value}})
    # A pax header is text to Python: the capability's bytes below 0x80 pass as they are.
    diff = load_layer(tar_of(with_xattr("security.capability", caps)))
    assert os.getxattr(diff + "/f", "security.capability") == caps
    diff = load_layer(tar_of(with_xattr("user.colour", "red")))
    assert os.getxattr(diff + "/f", "user.colour") == b"red"
    for name in ("trusted.overlay.opaque", "trusted.overlay.redirect", "trusted.x", "user.overlay.opaque", "user." + "x" * 300):
        refused(with_xattr(name, "y"))
    diff = load_layer(tar_of(with_xattr("security.selinux", "label")))
    assert "security.selinux" not in os.listxattr(diff + "/f")


@test("a file for a directory and the other way, entries twice")
def replaced():
    diff = load_layer(tar_of(("a/b/c", b"1"), ("a", b"file"), ("d", b"file"), ("d", "dir", {"mode": 0o700}), ("d/e", b"2"),
                             ("f", b"1"), ("f", b"22"), ("g", "dir"), ("g/kept", b""), ("g", "dir", {"mode": 0o711})))
    assert open(diff + "/a").read() == "file" and open(diff + "/d/e").read() == "2" and open(diff + "/f").read() == "22"
    assert os.path.exists(diff + "/g/kept") and stat.S_IMODE(os.stat(diff + "/g").st_mode) == 0o711
    refused(("a", b"file"), ("a/b", b""))
    refused((".", b"file"))
    refused(("", ("sym", "/etc")))


@test("a directory that a layer does not name keeps its owner and mode")
def inherited():
    lower = tar_of(("tmp", "dir", {"mode": 0o1777, "uid": 3, "mtime": 1234567}))
    image = call("load", data=docker_archive([lower, tar_of(("tmp/new", b""))]))["images"][0]["image"]
    status = os.stat(diff_dir(image, 1) + "/tmp")
    assert stat.S_IMODE(status.st_mode) == 0o1777 and status.st_uid == 3


@test("bombs: bytes, ratio, entries, depth, long names")
def bombs():
    zeros = io.BytesIO()
    with gzip.GzipFile(fileobj=zeros, mode="wb", compresslevel=9) as file:
        file.write(tar_of(("z", bytes(40 << 20))))
    bomb = docker_archive([b""], config=config_of([b""]), Layers=["l"])
    with tarfile.open(fileobj=io.BytesIO(bomb)) as tar:
        names = tar.getnames()
    body = config_of([b"not it"])
    packed = tar_of(("l", zeros.getvalue()), ("c", body), ("manifest.json", json.dumps(
        [{"Config": "c", "RepoTags": [], "Layers": ["l"]}]).encode()))
    assert names and "more than" in fails("bad-input", "load", data=packed, options=["--max-bytes", "20000000"])
    store_is_clean()
    assert "entries" in refused(*[(f"f{i}", b"") for i in range(300)], options=["--max-entries", "200"])
    deep = "/".join(["d"] * 300)
    assert "deep" in refused((deep, b""))
    assert "long" in refused(("n" * 256, b""))
    assert "long" in refused("".join(random.choices("ab", k=4)) and ("x/" * 2100 + "y", b""))
    refused(("s", ("sym", "t" * 5000)))
    # Through symbolic links a path grows deeper than any name: still bounded.
    steps = []
    for i in range(8):
        inside = "/".join(["d"] * 200)
        steps += [(f"s{i}/{inside}" if i else inside, "dir"), (f"s{i + 1}", ("sym", f"s{i}/{inside}" if i else inside))]
    assert "deep" in refused(*steps)


@test("zstd and gzip of the same bytes a thousand times over are cut short")
def ratio():
    import shutil as tool
    if not tool.which("zstd"):
        from support import Skip
        raise Skip("no zstd here")
    chunk = b"pattern " * 131072
    path = os.path.join(folder(), "ratio.tar")
    packer = subprocess.Popen(["zstd", "-q", "-19", "--long=27", "-"], stdin=subprocess.PIPE, stdout=open(path + ".zst", "wb"))
    info = tarfile.TarInfo("big")
    info.size = 400 << 20
    packer.stdin.write(info.tobuf())
    for _ in range(400):
        packer.stdin.write(chunk)
    packer.stdin.write(bytes(1024))
    packer.stdin.close()
    packer.wait()
    with open(path + ".zst", "rb") as file:
        layer = file.read()
    data = tar_of(("l", layer), ("c", config_of([b"x"])),
                  ("manifest.json", json.dumps([{"Config": "c", "RepoTags": [], "Layers": ["l"]}]).encode()))
    assert "times its size" in fails("bad-input", "load", data=data)
    store_is_clean()


@test("sparse files stay sparse, wrong maps are refused")
def sparse():
    path = fresh("sparse")
    with open(path + "/file", "wb") as file:
        file.truncate(1 << 30)
        file.seek(500 << 20)
        file.write(b"middle")
    subprocess.run(["tar", "-C", path, "-S", "-cf", path + "/a.tar", "file"], check=True)
    with open(path + "/a.tar", "rb") as file:
        layer = file.read()
    diff = load_layer(layer)
    status = os.stat(diff + "/file")
    assert status.st_size == 1 << 30 and status.st_blocks * 512 < 1 << 20
    with open(diff + "/file", "rb") as file:
        file.seek(500 << 20)
        assert file.read(6) == b"middle"
    for offset in range(386, 386 + 48, 6):  # the old GNU map in the header
        bad = bytearray(layer)
        bad[offset:offset + 6] = b"777777"
        bad[148:156] = b" " * 8
        bad[148:156] = b"%06o\0 " % sum(bad[:512])
        try:
            load_layer(bytes(bad))
        except Failed as error:
            assert error.kind == "bad-input", error
    store_is_clean()


@test("damaged, cut and random archives end with an error and leave nothing")
def damaged():
    whole = docker_archive([busybox_layer()])
    noise = random.Random(4)
    for data in (b"", b"x", bytes(10240), whole[:5000], whole[:-len(whole) // 2], os.urandom(5000), gzip.compress(whole)[:100000],
                 tar_of(("manifest.json", b"[]")), tar_of(("manifest.json", b"{}")), tar_of(("manifest.json", b"[" * 100000)),
                 tar_of(("index.json", b"{}"), ("oci-layout", b"{}")), tar_of(("manifest.json", ("sym", "/etc/passwd"))),
                 tar_of(("manifest.json", "fifo")), tar_of(("manifest.json", "dir")),
                 docker_archive([busybox_layer()], Config="../../../etc/passwd"), docker_archive([busybox_layer()], Layers=["none"]),
                 docker_archive([busybox_layer()], Layers=None), docker_archive([busybox_layer()], config=b"{}")):
        fails("bad-input", "load", data=data)
    store_is_clean()
    small = docker_archive([tar_of(("d", "dir"), ("d/f", b"x" * 600), ("l", ("sym", "d")), (".wh.g", b""))])
    for _ in range(25):
        bad = bytearray(small)
        for _ in range(noise.randint(1, 8)):
            bad[noise.randrange(len(bad))] = noise.randrange(256)
        try:
            call("load", data=bytes(bad), root=os.path.join(folder(), "noise"))
        except Failed as error:
            assert error.kind in ("bad-input", "digest"), (error.kind, error)
    store_is_clean(os.path.join(folder(), "noise"))


def random_entry(noise, out):
    part = noise.choice(["a", "b", "c", "..", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", "l", "link", out[1:]])
    name = "/".join(noise.choice(["a", "b", "l", "..", part, "link"]) for _ in range(noise.randint(1, 4)))
    target = noise.choice(["a", "b", "/a", "../..", "../b", "/", out, out + "/canary", "l", "a/b", "../" * 9 + out[1:]])
    what = noise.choice([b"x", b"y" * 5000, "dir", "dir", ("sym", target), ("sym", target), ("hard", target), ("hard", target),
                         ("chr", 1, 3), ("chr", 0, 0), "fifo"])
    return name or "a", what, {"mode": noise.randrange(0o10000), "uid": noise.randrange(3)}


@test("random entries of all kinds, names and links: nothing outside is touched")
def random_entries():
    seed = int(os.environ.get("SEED", "7"))
    noise = random.Random(seed)
    out = canary()
    root = os.path.join(folder(), "random")
    taken = 0
    for _ in range(int(os.environ.get("ROUNDS", "40"))):
        layer = tar_of(*[random_entry(noise, out) for _ in range(noise.randint(1, 8))])
        try:
            loaded = call("load", data=docker_archive([layer]), root=root)["images"][0]["image"]
            taken += 1
            if taken % 4 == 0:  # packed, unpacked and packed again it is the same
                once = call("commit", request={"upper": diff_dir(loaded, 0, root)}, root=root)["image"]
                twice = call("commit", request={"upper": diff_dir(once, 0, root)}, root=root)["image"]
                assert once["layers"][0]["diff"] == twice["layers"][0]["diff"], (seed, layer)
        except Failed as error:
            assert error.kind == "bad-input", (seed, error.kind, error)
        alive(out)
        assert os.stat(out).st_mode & 0o777 == 0o755 and os.stat(out + "/canary").st_uid == 0
        store_is_clean(root)
    assert taken > 0
    call("verify", root=root)


@test("a layer with another digest than the config says is not taken")
def wrong_digest():
    lie = docker_archive([tar_of(("a", b"1"))], config=config_of([tar_of(("a", b"2"))]))
    fails("digest", "load", data=lie)
    assert sha(tar_of(("a", b"1")))[7:] not in os.listdir(ROOT + "/layers")
    store_is_clean()


@test("pax headers: strange times, owners, names, sizes")
def pax():
    def with_pax(**headers):
        return ("f", b"x", {"pax_headers": headers})
    diff = load_layer(tar_of(with_pax(mtime="99999999999999999999.5"), ("ok", b"1")))
    assert os.path.exists(diff + "/ok")
    diff = load_layer(tar_of(("na\u00efve\u20ac", b"1"), ("line\nbreak", b"2")))
    assert sorted(os.listdir(diff)) == ["line\nbreak", "na\u00efve\u20ac"]
    diff = load_layer(tar_of(("f\u00e9", b"1", {"pax_headers": {}}), form=GNU))
    assert len(os.listdir(diff)) == 1
    for headers in ({"uid": "-5"}, {"gid": "99999999999"}, {"path": "../x"}, {"path": "/a/../../x"}):
        refused(with_pax(**headers))
    try:
        load_layer(tar_of(with_pax(comment="c" * (3 << 20))))
    except Failed as error:
        assert error.kind == "bad-input"


@test("kill -9 at any moment of load: what is visible is whole")
def kills():
    root = fresh("killed")
    layers = [tar_of(*[(f"{n}/{i}", os.urandom(3000)) for i in range(150)]) for n in range(3)]
    data = docker_archive(layers)
    path = os.path.join(folder(), "killed.tar")
    with open(path, "wb") as file:
        file.write(data)
    begin = time.monotonic()
    with open(path, "rb") as file:
        call("load", data=file, root=fresh("timing"))
    whole = time.monotonic() - begin

    def begin_load():
        with open(path, "rb") as file:
            return start("load", stdin=file, root=root)
    for died in killed(begin_load, 10, random.Random(9), whole):
        if os.path.exists(root + "/layers"):
            call("verify", root=root)
        if not died:  # the next one would have nothing to do
            root = fresh("killed")
    with open(path, "rb") as file:
        call("load", data=file, root=root)
    call("verify", root=root)


@test("a full disk ends a command, says so, and nothing is left")
def full():
    root = fresh("small")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "small", root], check=True)
    try:
        small = docker_archive([tar_of(("a", b"x"))])
        call("load", data=small, root=root)
        words = fails("no-space", "load", data=docker_archive([tar_of(*[(f"f{i}", os.urandom(1 << 20)) for i in range(30)])]), root=root)
        assert "load" in words
        store_is_clean(root)
        call("verify", root=root)
    finally:
        subprocess.run(["umount", root], check=True)


@test("memory stays below 24 MiB for a large layer")
def memory():
    path = os.path.join(folder(), "large.tar")
    noise = random.Random(2)
    block = noise.randbytes(1 << 20)
    layer = os.path.join(folder(), "large.layer")
    import hashlib
    digest = hashlib.sha256()
    with open(layer, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as out:
        def put(data):
            digest.update(data)
            out.write(data)
        for i in range(40):
            info = tarfile.TarInfo(f"f{i}")
            info.size = 2 << 20
            put(info.tobuf())
            put(block)
            put(bytes(1 << 20))
        for i in range(3000):
            info = tarfile.TarInfo(f"dir{i}/")
            info.type = tarfile.DIRTYPE
            put(info.tobuf())
        put(bytes(1024))
    config = json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest.hexdigest()]}}).encode()
    with tarfile.open(path, "w") as tar:
        tar.add(layer, "l")
        for name, body in (("c", config), ("manifest.json", json.dumps([{"Config": "c", "Layers": ["l"]}]).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    with open(path, "rb") as file:
        most = peak(start("load", stdin=file, root=fresh("large")))
    assert most < 24 << 10, f"{most} KiB"


main(__name__)
