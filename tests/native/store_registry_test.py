# SPDX-License-Identifier: Apache-2.0
# Seconds: 10
# bh-image against Debian's docker-registry; skopeo and umoci read what it pushed and write what it pulls.
import json
import os
import stat

import services
from store_tool import busybox_layer, call, diff_dir, docker_archive, fails, fresh, output, tar_of
from support import folder, main, peer, run, test

USER, PASSWORD = "alice", "s3cret word"
AUTH = {"username": USER, "password": PASSWORD}
shared = {}


def registry():
    if "registry" not in shared:
        shared["registry"] = services.Registry(user=USER, password=PASSWORD)
    return shared["registry"]


def base():
    return call("load", data=docker_archive([busybox_layer(), tar_of(("etc/two", b"2" * 70000))]))["images"][0]["image"]


def skopeo(*words):
    return run([peer("skopeo"), "--insecure-policy", *words], timeout=60)


@test("login: right, wrong and missing")
def login():
    server = registry().server
    assert call("login", server, request={"auth": AUTH}) == {"status": "Login Succeeded"}
    fails("login", "login", server, request={"auth": {"username": USER, "password": "no"}})
    fails("login", "login", server)
    fails("bad-input", "login", "no such/host!")
    fails("unavailable", "login", "127.0.0.1:1", request={"auth": AUTH})


@test("push and pull give the same image")
def round_trip():
    ref = f"{registry().server}/team/box:1"
    image = base()
    result, progress = call("push", ref, request={"auth": AUTH, "image": image}, lines=True)
    assert result["digest"].startswith("sha256:") and result["size"] > 0
    assert any(line.get("status") == "Pushed" for line in progress)
    root = fresh("pulled")
    pulled, progress = call("pull", ref, request={"auth": AUTH}, root=root, lines=True)
    assert pulled["new"] is True and pulled["image"]["id"] == image["id"]
    assert pulled["image"]["digest"] == result["digest"]
    assert os.readlink(diff_dir(pulled["image"], 0, root) + "/bin/sh") == "busybox"
    assert any(line.get("status") == "Pull complete" for line in progress)
    again, progress = call("pull", ref, request={"auth": AUTH}, root=root, lines=True)
    assert again["new"] is False
    assert any(line.get("status") == "Already exists" for line in progress)
    by_digest = f"{registry().server}/team/box@{result['digest']}"
    assert call("pull", by_digest, request={"auth": AUTH}, root=root)["image"]["id"] == image["id"]
    assert fails("login", "pull", ref, root=root).endswith(f"docker login {registry().server}")
    fails("not-found", "pull", f"{registry().server}/team/none:1", request={"auth": AUTH}, root=root)
    fails("bad-input", "pull", "x/UPPER", root=root)


@test("a second push sends nothing, another repository mounts")
def push_again():
    ref = f"{registry().server}/team/box:2"
    image = base()
    call("push", ref, request={"auth": AUTH, "image": image})
    _, progress = call("push", ref, request={"auth": AUTH, "image": image}, lines=True)
    assert sum(line.get("status") == "Layer already exists" for line in progress) == 2
    other = f"{registry().server}/team/other:1"
    _, progress = call("push", other, request={"auth": AUTH, "image": image}, lines=True)
    assert sum(line.get("status") == "Mounted from team/box" for line in progress) == 2, progress


@test("a committed layer is pushed, and comes back the same")
def push_committed():
    upper = fresh("upper")
    with open(upper + "/new", "w") as file:
        file.write("x" * 100000)
    image = call("commit", request={"upper": upper, "image": base()})["image"]
    ref = f"{registry().server}/team/committed:1"
    call("push", ref, request={"auth": AUTH, "image": image})
    root = fresh("pulled")
    pulled = call("pull", ref, request={"auth": AUTH}, root=root)["image"]
    assert pulled["id"] == image["id"]
    assert [l["chain"] for l in pulled["layers"]] == [l["chain"] for l in image["layers"]]


@test("skopeo reads what was pushed")
def skopeo_reads():
    image = base()
    ref = f"{registry().server}/team/box:3"
    result = call("push", ref, request={"auth": AUTH, "image": image})
    told = json.loads(skopeo("inspect", "--tls-verify=false", "--creds", f"{USER}:{PASSWORD}", f"docker://{ref}").out)
    assert told["Digest"] == result["digest"] and len(told["Layers"]) == 2
    target = os.path.join(fresh("skopeo"), "layout")
    skopeo("copy", "--src-tls-verify=false", "--src-creds", f"{USER}:{PASSWORD}", f"docker://{ref}", f"oci:{target}:x")
    bundle = os.path.join(folder(), "skopeo", "bundle")
    run([peer("umoci"), "unpack", "--image", f"{target}:x", bundle], timeout=60)
    assert os.readlink(bundle + "/rootfs/bin/sh") == "busybox"


@test("what skopeo pushes is pulled: gzip, zstd, uncompressed, OCI and schema 2")
def skopeo_writes():
    image = base()
    archive = os.path.join(folder(), "a.tar")
    with open(archive, "wb") as file:
        file.write(docker_archive([busybox_layer(), tar_of(("etc/two", b"2" * 70000))]))
    for name, words in {"gzip": ["--format", "oci"], "v2s2": ["--format", "v2s2"],
                        "zstd": ["--format", "oci", "--dest-compress-format", "zstd"]}.items():
        ref = f"{registry().server}/skopeo/{name}:1"
        skopeo("copy", *words, "--dest-tls-verify=false", "--dest-creds", f"{USER}:{PASSWORD}", f"docker-archive:{archive}",
               f"docker://{ref}")
        root = fresh("pulled")
        pulled = call("pull", ref, request={"auth": AUTH}, root=root)["image"]
        assert [l["chain"] for l in pulled["layers"]] == [l["chain"] for l in image["layers"]], name
        # It goes back as it came.
        again = call("push", f"{registry().server}/back/{name}:1", request={"auth": AUTH, "image": pulled}, root=root)
        assert again["digest"] == pulled["digest"], name


@test("an image without layers goes everywhere")
def no_layers():
    image = call("commit", request={"image": None, "empty_layer": True, "config": {"Labels": {"a": "b"}}})["image"]
    assert image["layers"] == []
    ref = f"{registry().server}/team/empty:1"
    call("push", ref, request={"auth": AUTH, "image": image})
    pulled = call("pull", ref, request={"auth": AUTH}, root=fresh("pulled"))["image"]
    assert pulled["id"] == image["id"] and pulled["size"] == 0
    data, _ = output("save", request={"images": [{"image": image, "tags": []}]})
    assert call("load", data=data, root=fresh("pulled"))["images"][0]["image"]["id"] == image["id"]


@test("Debian's dockerd loads what we save, pulls what we push, and the other way")
def dockerd():
    daemon = services.Dockerd()
    upper = fresh("upper")
    os.makedirs(upper + "/etc")
    os.mknod(upper + "/etc/two", stat.S_IFCHR, 0)
    os.makedirs(upper + "/tmp")
    os.setxattr(upper + "/tmp", "trusted.overlay.opaque", b"y")
    with open(upper + "/new", "wb") as file:
        file.write(b"n" * 9999)
    image = call("commit", request={"upper": upper, "image": base(), "config": {"Cmd": ["/bin/sh"]}})["image"]
    data, _ = output("save", request={"images": [{"image": image, "tags": ["box:saved"]}]})
    path = os.path.join(folder(), "saved.tar")
    with open(path, "wb") as file:
        file.write(data)
    daemon.docker("load", "-i", path, timeout=60)
    assert daemon.docker("image", "inspect", "-f", "{{.Id}}", "box:saved").out.strip() == image["id"]
    daemon.docker("save", "-o", path, "box:saved", timeout=60)
    root = fresh("pulled")
    with open(path, "rb") as file:
        loaded = call("load", data=file, root=root)["images"][0]
    assert loaded["image"]["id"] == image["id"] and loaded["tags"] == ["box:saved"]
    ref = f"{registry().server}/team/dockerd"
    call("push", ref + ":ours", request={"auth": AUTH, "image": image})
    daemon.docker("login", "-u", USER, "--password-stdin", registry().server, stdin=PASSWORD)
    daemon.docker("pull", ref + ":ours", timeout=60)
    assert daemon.docker("image", "inspect", "-f", "{{.Id}}", ref + ":ours").out.strip() == image["id"]
    daemon.docker("tag", ref + ":ours", ref + ":theirs")
    daemon.docker("push", ref + ":theirs", timeout=60)
    assert call("pull", ref + ":theirs", request={"auth": AUTH}, root=fresh("pulled"))["image"]["id"] == image["id"]
    daemon.stop()


main(__name__)
