# SPDX-License-Identifier: Apache-2.0
# Seconds: 4
# bh-image's commands for builds and for keeping house: context, copy, save, gc, verify.
import io
import gzip
import json
import os
import stat
import tarfile

from store_tool import busybox_layer, call, diff_dir, docker_archive, fails, fresh, output, tar_of
from support import folder, main, peer, run, test


def image_of(*layers, root=None):
    return call("load", data=docker_archive(list(layers)), root=root)["images"][0]["image"]


def context(*entries):
    path = fresh("context")
    call("context", data=gzip.compress(tar_of(*entries)), request={"to": path})
    return path


def copy(sources, dest, start, **more):
    return call("copy", request={"from": start, "sources": sources, "dest": dest, "to": os.path.join(folder(), "rootfs"), **more})


@test("COPY: files, directories, patterns, names")
def copy_names():
    start = context(("a.txt", b"a"), ("b.txt", b"b"), ("dir/c", b"c", {"mode": 0o755}), ("dir/sub/d", b"d"), ("link", ("sym", "a.txt")))
    root = fresh("rootfs")
    copy(["a.txt"], "/one", start)
    copy(["a.txt"], "/two/", start)
    copy(["dir"], "/three", start)
    copy(["*.txt"], "/four/", start)
    copy(["link"], "/five", start)
    copy(["."], "/six", start)
    copy(["b.txt"], "/two", start)
    found = {os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root) for name in names}
    assert found == {"one", "two/a.txt", "two/b.txt", "three/c", "three/sub/d", "four/a.txt", "four/b.txt", "five", "six/a.txt",
                     "six/b.txt", "six/dir/c", "six/dir/sub/d", "six/link"}, found
    assert stat.S_IMODE(os.stat(root + "/three/c").st_mode) == 0o755
    assert os.path.islink(root + "/six/link") and not os.path.islink(root + "/five")
    fails("not-found", "copy", request={"from": start, "sources": ["none"], "dest": "/x", "to": root})
    fails("not-found", "copy", request={"from": start, "sources": ["*.none"], "dest": "/x", "to": root})
    fails("bad-input", "copy", request={"from": start, "sources": ["../../etc/passwd"], "dest": "/x", "to": root})
    fails("conflict", "copy", request={"from": start, "sources": ["dir"], "dest": "/one", "to": root})


@test("COPY --chown by number and by the image's names")
def copy_chown():
    start = context(("a", b"a", {"uid": 5, "gid": 6}))
    root = fresh("rootfs")
    os.makedirs(root + "/etc")
    with open(root + "/etc/passwd", "w") as file:
        file.write("root:x:0:0::/:\nuser:x:1000:77::/:\n")
    with open(root + "/etc/group", "w") as file:
        file.write("root:x:0:\nstaff:x:50:\n")
    owner = {}
    for index, chown in enumerate([None, "7", "7:8", "user:staff", "user:9"]):
        copy(["a"], f"/{index}", start, **({"chown": chown} if chown else {}))
        status = os.stat(f"{root}/{index}")
        owner[chown] = (status.st_uid, status.st_gid)
    assert owner == {None: (0, 0), "7": (7, 7), "7:8": (7, 8), "user:staff": (1000, 50), "user:9": (1000, 9)}, owner
    copy(["a"], "/new/one/", start, chown="7:8")
    owners = [(os.stat(root + path).st_uid, os.stat(root + path).st_gid) for path in ("/new", "/new/one", "/new/one/a", "/etc")]
    assert owners == [(7, 8)] * 3 + [(0, 0)], owners
    fails("bad-input", "copy", request={"from": start, "sources": ["a"], "dest": "/x", "to": root, "chown": "nobody:x"})


@test("ADD unpacks archives, COPY does not")
def add_archive():
    inner = gzip.compress(tar_of(("in/file", b"x", {"uid": 12})))
    start = context(("a.tar.gz", inner), ("plain", b"y"))
    root = fresh("rootfs")
    copy(["a.tar.gz", "plain"], "/added/", start, add=True)
    copy(["a.tar.gz"], "/copied/", start)
    assert os.stat(root + "/added/in/file").st_uid == 12 and os.path.exists(root + "/added/plain")
    assert os.listdir(root + "/copied") == ["a.tar.gz"] and not os.path.exists(root + "/added/a.tar.gz")


@test(".dockerignore lines: order, exceptions, **")
def copy_ignore():
    start = context(("keep", b""), ("x.log", b""), ("d/x.log", b""), ("d/important.log", b""), ("secret/a", b""), ("secret/b", b""))
    root = fresh("rootfs")
    lines = ["# words", "**/*.log", "!**/important.log", "secret", "!secret/b"]
    copy(["."], "/", start, ignore=lines)
    found = {os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root) for name in names}
    assert found == {"keep", "d/important.log", "secret/b"}, found


@test("copy's hash is that of contents, names and modes, not of times")
def copy_hash():
    def hash_of(*entries):
        return copy(["."], "/", context(*entries), hash_only=True)["hash"]
    fresh("rootfs")
    first = hash_of(("a", b"1"), ("d/b", b"2"))
    assert first == hash_of(("d/b", b"2"), ("a", b"1", {"mtime": 5}))
    others = [hash_of(("a", b"2"), ("d/b", b"2")), hash_of(("a", b"1", {"mode": 0o755}), ("d/b", b"2")),
              hash_of(("c", b"1"), ("d/b", b"2"))]
    assert len({first, *others}) == 4
    assert os.listdir(os.path.join(folder(), "rootfs")) == []


@test("copy follows symbolic links inside of both roots only")
def copy_links():
    outside = fresh("outside")
    with open(outside + "/secret", "w") as file:
        file.write("secret")
    start = context(("up", ("sym", "../outside/secret")), ("abs", ("sym", outside + "/secret")), ("a", b"a"))
    root = fresh("rootfs")
    os.symlink(outside, root + "/abs")
    for name in ("up", "abs"):
        fails("not-found", "copy", request={"from": start, "sources": [name], "dest": "/x", "to": root})
    os.makedirs(root + outside)
    copy(["a"], "/abs/", start)
    assert os.listdir(outside) == ["secret"] and os.listdir(root + outside) == ["a"]


@test("save's archive is read by load, skopeo and umoci")
def save_round():
    upper = fresh("upper")
    with open(upper + "/new", "w") as file:
        file.write("x" * 100000)
    image = call("commit", request={"upper": upper, "image": image_of(busybox_layer())})["image"]
    data, _ = output("save", request={"images": [{"image": image, "tags": ["box:1", "127.0.0.1:5000/team/box:2"]}]})
    loaded = call("load", data=data, root=fresh("other"))["images"]
    assert [one["tags"] for one in loaded] == [["box:1", "127.0.0.1:5000/team/box:2"]]
    assert loaded[0]["image"]["id"] == image["id"]
    path = os.path.join(folder(), "saved.tar")
    with open(path, "wb") as file:
        file.write(data)
    for form in (f"docker-archive:{path}:docker.io/library/box:1", f"oci-archive:{path}:1"):
        told = json.loads(run([peer("skopeo"), "--insecure-policy", "inspect", "--config", form], timeout=60).out)
        assert len(told["rootfs"]["diff_ids"]) == 2
    layout = fresh("layout")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        tar.extractall(layout)
    run([peer("umoci"), "unpack", "--image", f"{layout}:1", os.path.join(fresh("bundle"), "b")], timeout=60)
    assert os.path.getsize(os.path.join(folder(), "bundle", "b", "rootfs", "new")) == 100000


@test("load reads OCI archives of skopeo, and docker's of skopeo")
def load_skopeo():
    path = os.path.join(folder(), "in.tar")
    with open(path, "wb") as file:
        file.write(docker_archive([busybox_layer()]))
    for form in ("oci-archive", "docker-archive"):
        made = os.path.join(folder(), form)
        run([peer("skopeo"), "--insecure-policy", "copy", f"docker-archive:{path}", f"{form}:{made}:a/b:1"], timeout=60)
        with open(made, "rb") as file:
            loaded = call("load", data=file, root=fresh("other"))["images"]
        assert len(loaded) == 1 and loaded[0]["tags"], loaded
        assert loaded[0]["image"]["layers"][0]["diff"] == image_of(busybox_layer())["layers"][0]["diff"]


@test("gc keeps what it is told to, verify finds damage")
def keep_house():
    root = fresh("house")
    first = image_of(busybox_layer(), root=root)
    second = image_of(tar_of(("only", b"x" * 5000)), root=root)
    assert call("verify", root=root) == {"blobs": 4, "layers": 2}
    keep = {"layers": [l["chain"] for l in first["layers"]], "blobs": [first["id"], first["layers"][0]["blob"]]}
    removed = call("gc", request=keep, root=root)
    assert removed["removed"] == 3 and removed["bytes"] > 5000, removed
    assert call("verify", root=root) == {"blobs": 2, "layers": 1}
    assert not os.path.exists(diff_dir(second, -1, root)) and os.path.exists(diff_dir(first, -1, root))
    fails("bad-input", "gc", root=root)
    fails("bad-input", "gc", request={"layers": ["x"], "blobs": []}, root=root)
    blob = os.path.join(root, "blobs", "sha256", first["layers"][0]["blob"][7:])
    with open(blob, "r+b") as file:
        file.seek(1000)
        file.write(b"!")
    assert first["layers"][0]["blob"] in fails("digest", "verify", root=root)


main(__name__)
