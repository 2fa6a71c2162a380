# SPDX-License-Identifier: Apache-2.0
# Seconds: 3
"""bh-image without a registry: layers, commit, diff, export, cp."""
import gzip
import io
import json
import lzma
import os
import stat
import subprocess
import tarfile

from store_tool import busybox_layer, call, config_of, diff_dir, docker_archive, fails, fresh, load_layer, output, sha, tar_of
from support import main, ours, run, test

@test("load makes a layer of docker save's archive")
def load_busybox():
    layer = busybox_layer()
    diff = load_layer(layer)
    assert os.readlink(diff + "/bin/sh") == "busybox"
    assert stat.S_IMODE(os.stat(diff + "/tmp").st_mode) == 0o1777
    assert os.stat(diff + "/etc/passwd").st_mtime == 1700000000


@test("load follows the archive's own links to layers, as old docker save made them, and only those")
def load_links():
    layer = tar_of(("f", b"1"))
    config = config_of([layer, layer])
    manifest = json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar"]}]).encode()
    for target, works in (("../a/layer.tar", True), ("/a/layer.tar", True), ("../../../../../../etc/passwd", False), ("b", False)):
        data = tar_of(("a", "dir"), ("a/layer.tar", layer), ("b", "dir"), ("b/layer.tar", ("sym", target)), ("c.json", config),
                      ("manifest.json", manifest))
        if works:
            image = call("load", data=data, root=fresh("links"))["images"][0]["image"]
            assert image["layers"][0]["blob"] == image["layers"][1]["blob"] == sha(layer)
        else:
            fails("bad-input", "load", data=data, root=fresh("links"))


@test("load of what is there changes nothing")
def load_again():
    archive = docker_archive([busybox_layer()])
    first = call("load", data=archive)
    second = call("load", data=archive)
    assert first == second


@test("import makes an image of a plain tar, gzip and xz too")
def import_image():
    layer = busybox_layer()
    ids = [call("import", data=data, request={"config": {"Cmd": ["/bin/sh"]}})["image"]
           for data in (layer, gzip.compress(layer), lzma.compress(layer, preset=0))]
    for image in ids:
        assert image["layers"][0]["diff"] == sha(layer)
        assert image["config"]["config"] == {"Cmd": ["/bin/sh"]}


@test("commit turns an upper directory into a layer, whiteouts and opaque directories too")
def commit_round():
    base = call("load", data=docker_archive([busybox_layer()]))["images"][0]["image"]
    upper = fresh("upper")
    os.makedirs(upper + "/etc/new")
    with open(upper + "/etc/new/file", "w") as file:
        file.write("hello")
    os.chmod(upper + "/etc/new/file", 0o4755)
    os.chown(upper + "/etc/new/file", 12, 34)
    os.chmod(upper + "/etc/new/file", 0o4755)
    os.link(upper + "/etc/new/file", upper + "/etc/new/same")
    os.mknod(upper + "/etc/passwd", stat.S_IFCHR, 0)
    os.makedirs(upper + "/tmp")
    os.setxattr(upper + "/tmp", "trusted.overlay.opaque", b"y")
    os.setxattr(upper + "/etc/new/file", "user.colour", b"red")
    image = call("commit", request={"upper": upper, "image": base, "comment": "words",
                                    "author": "me", "config": {"Cmd": ["x"]}})["image"]
    assert len(image["layers"]) == 2 and image["layers"][1]["blob"] is None
    assert image["config"]["history"][-1]["comment"] == "words"
    assert image["config"]["config"] == {"Cmd": ["x"]}
    diff = diff_dir(image)
    status = os.stat(diff + "/etc/new/file")
    assert (status.st_uid, status.st_gid, status.st_nlink) == (12, 34, 2)
    assert stat.S_IMODE(status.st_mode) == 0o4755
    hidden = os.lstat(diff + "/etc/passwd")
    assert stat.S_ISCHR(hidden.st_mode) and hidden.st_rdev == 0
    assert os.getxattr(diff + "/tmp", "trusted.overlay.opaque") == b"y"
    assert os.getxattr(diff + "/etc/new/file", "user.colour") == b"red"
    again = call("commit", request={"upper": diff, "image": base})["image"]
    assert again["layers"][1]["diff"] == image["layers"][1]["diff"], "packing is not repeatable"


@test("commit of an empty layer changes the config alone")
def commit_empty():
    base = call("load", data=docker_archive([busybox_layer()]))["images"][0]["image"]
    image = call("commit", request={"image": base, "empty_layer": True, "created_by": "ENV A=b",
                                    "config": {"Env": ["A=b"]}})["image"]
    assert image["layers"] == base["layers"] and image["id"] != base["id"]
    assert image["config"]["history"][-1]["empty_layer"] is True


@test("diff tells what was added, changed and deleted")
def diff_kinds():
    base = call("load", data=docker_archive([busybox_layer()]))["images"][0]["image"]
    upper = fresh("upper")
    os.makedirs(upper + "/etc")
    open(upper + "/etc/new", "w").close()
    os.makedirs(upper + "/bin")
    os.mknod(upper + "/bin/ls", stat.S_IFCHR, 0)
    open(upper + "/bin/cat", "w").close()
    changes = call("diff", request={"upper": upper, "lowers": [diff_dir(base)]})["changes"]
    assert [(c["Path"], c["Kind"]) for c in changes] == [
        ("/bin", 0), ("/bin/cat", 0), ("/bin/ls", 2), ("/etc", 0), ("/etc/new", 1)], changes


@test("names that are not UTF-8 are reported as JSON can hold them, and packed as they are")
def odd_names():
    upper = fresh("upper").encode()
    names = [b"latin\xe9", b"\xff\xfe", b"cut\xe2\x82", b"fine\xe2\x82\xac", b"new\nline", b'quo"te']
    for name in names:
        open(upper + b"/" + name, "w").close()
    changes = call("diff", request={"upper": upper.decode(), "lowers": []})["changes"]
    assert sorted(c["Path"] for c in changes) == sorted("/" + name.decode(errors="replace") if name[:3] != b"cut" else "/cut\ufffd\ufffd"
                                                        for name in names), changes
    image = call("commit", request={"upper": upper.decode()})["image"]
    assert sorted(os.listdir(diff_dir(image).encode())) == sorted(names)
    fails("bad-input", "load", data=docker_archive([tar_of(("..\udce9/../../x", b""), form=tarfile.GNU_FORMAT)]))


@test("export's tar is the root file system")
def export_round():
    base = call("load", data=docker_archive([busybox_layer()]))["images"][0]["image"]
    data, _ = output("export", request={"rootfs": diff_dir(base)})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = {name.rstrip("/") for name in tar.getnames()}
        assert tar.extractfile("etc/passwd").read().startswith(b"root:")
    assert {"bin", "bin/sh", "etc/passwd", "tmp"} <= names, names
    assert all(name in names for name in ("bin/busybox",))


@test("archive-put and archive-get stay in the root, symbolic links or not")
def copy_in_and_out():
    root = fresh("rootfs")
    outside = fresh("outside")
    os.makedirs(root + "/dir")
    os.symlink(outside, root + "/escape")
    os.symlink("../../../../.." + outside, root + "/dir/up")
    os.makedirs(root + outside)
    call("archive-put", request={"rootfs": root, "path": "/dir"}, data=tar_of(("a/b", b"1")))
    assert open(root + "/dir/a/b").read() == "1"
    for way in ("/escape", "/dir/up"):
        call("archive-put", request={"rootfs": root, "path": way}, data=tar_of(("f", b"2")))
    call("archive-put", request={"rootfs": root, "path": "/"}, data=tar_of(("escape/g", b"2")))
    assert os.listdir(outside) == [], os.listdir(outside)
    assert sorted(os.listdir(root + outside)) == ["f", "g"]
    data, _ = output("archive-get", request={"rootfs": root, "path": "/dir/a"})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert [name.rstrip("/") for name in tar.getnames()] == ["a", "a/b"]
    told = call("archive-stat", request={"rootfs": root, "path": "/escape"})
    assert told["name"] == "escape" and told["linkTarget"] == outside, told
    assert told["mode"] == 0o777 | 1 << 27
    fails("not-found", "archive-get", request={"rootfs": root, "path": "/none"})
    fails("not-found", "archive-put", request={"rootfs": root, "path": "/none"}, data=tar_of())
    fails("bad-input", "archive-put", request={"rootfs": root, "path": "/dir/a/b"}, data=tar_of())
    fails("conflict", "archive-put", data=tar_of(("a", b"")),
          request={"rootfs": root, "path": "/dir", "no_overwrite_dir_non_dir": True})


@test("command line: usage, help, a report for people, a request that is none")
def command_line():
    def plain(*words):
        return run([ours("bh-image"), "--root", fresh("cli"), *words], ok=False)
    assert plain().status == 2 and plain("none").status == 2 and plain("pull").status == 2 and plain("load", "x").status == 2
    assert plain("--max-bytes", "x", "load").status == 2
    assert plain("--help").status == 0 and "archive-put" in plain("--help").out and plain("--version").status == 0
    told = plain("verify")
    assert told.status == 0 and json.loads(told.out) == {"result": {"blobs": 0, "layers": 0}}
    told = plain("export")
    assert told.status == 1 and told.out == "" and told.err.startswith("bh-image: cannot export: the request has no"), told
    for bad in (b"[]", b"{", b"null", b"{} x", b'{"a":' * 100):
        process = subprocess.Popen(["sh", "-c", 'exec "$0" "$@" 3>&1 4<&0', ours("bh-image"), "--root", fresh("cli"), "diff"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(bad)
        assert process.returncode == 1 and json.loads(out)["kind"] == "bad-input", out


main(__name__)
