#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 5
# What other tests stand on: bundles, images and daemons that work with the peers alone, before ours is tried on them.
import os

import images
import services
from support import check, contains, equal, folder, main, on_cgroup2, peer, run, test

USER, PASSWORD = "tester", "a password: with $igns"
shared = {}


def layer():
    if "layer" not in shared:
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image"), ["sh", "echo", "true", "cat", "hostname"]))
    return shared["layer"]


def registry():
    if "registry" not in shared:
        shared["registry"] = services.Registry(user=USER, password=PASSWORD)
    return shared["registry"]


def run_bundle(name, place=list):
    bundle = images.make_bundle(folder(f"bundle-{name}"), ["/bin/echo", "from", name])
    root = folder(f"state-{name}")
    equal(run(place([peer(name), "--root", root, "run", f"test-{name}"]), cwd=bundle).out, f"from {name}\n")


@test("runc runs a bundle")
def runc():
    run_bundle("runc")


@test("crun runs a bundle, where control groups are version 2")
def crun():
    run_bundle("crun", on_cgroup2)


@test("the registry wants its login")
def login():
    equal(registry().request("GET", "/v2/")[0], 200, "status with a login")
    user, registry().user = registry().user, None
    equal(registry().request("GET", "/v2/")[0], 401, "status without")
    registry().user = user


@test("skopeo reads what was put into the registry")
def skopeo():
    manifest, blobs = images.oci_blobs([layer()], config={"Labels": {"test": "yes"}})
    reference = registry().put_image("busybox", "1", manifest, blobs)
    equal(registry().tags("busybox"), ["1"], "tags")
    answer = run([peer("skopeo"), "inspect", "--tls-verify=false", "--creds", f"{USER}:{PASSWORD}", f"docker://{reference}"])
    contains(answer.out, '"test": "yes"')


@test("umoci unpacks an OCI layout")
def umoci():
    place = folder("layout")
    run(["tar", "-xf", "-", "-C", place], stdin=images.oci_archive("busybox:1", [layer()]))
    run([peer("umoci"), "unpack", "--image", f"{place}:1", folder("unpacked") + "/bundle"])
    check(os.path.islink(os.path.join(folder("unpacked"), "bundle/rootfs/bin/echo")), "no bin/echo was unpacked")


@test("dockerd loads and runs an image, and pushes it")
def dockerd():
    daemon = services.Dockerd("--iptables=false", "--ip6tables=false", "--bridge=none")
    daemon.docker("load", stdin=images.docker_archive("busybox:1", [layer()]))
    equal(daemon.docker("run", "--rm", "--network", "none", "busybox:1", "echo", "hello").out, "hello\n")
    daemon.docker("login", "-u", USER, "--password-stdin", registry().server, stdin=PASSWORD)
    daemon.docker("tag", "busybox:1", f"{registry().server}/pushed:2")
    daemon.docker("push", f"{registry().server}/pushed:2")
    equal(registry().tags("pushed"), ["2"], "tags")
    equal(daemon.stop(), 0, "dockerd's status")


@test("containerd runs an image by its runc shim")
def containerd():
    daemon = services.Containerd()
    path = os.path.join(folder("containerd"), "image.tar")
    with open(path, "wb") as file:
        file.write(images.oci_archive("localhost/busybox:1", [layer()]))
    daemon.ctr("images", "import", path)
    equal(daemon.ctr("run", "--rm", "localhost/busybox:1", "one", "/bin/echo", "hello").out, "hello\n")
    daemon.stop()


@test("podman loads and runs an image with crun")
def podman():
    command = services.podman()
    run(command + ["load"], stdin=images.docker_archive("localhost/busybox:1", [layer()]))
    answer = run(command + ["run", "--rm", "--network", "none", "--cgroups", "disabled", "localhost/busybox:1", "echo", "hello"])
    equal(answer.out, "hello\n")


main(__name__)
