#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 3
# Each program that other tests run beside ours starts and says who it is.
import os

from support import Skip, contains, main, peer, run, test

# Program, words, what its answer has.
ANSWERS = (
    ("docker", ["--version"], "Docker version 20.10"),
    ("dockerd", ["--version"], "Docker version 20.10"),
    ("docker-proxy", ["--help"], "-host-port"),
    ("docker-init", ["--version"], "tini version"),
    ("containerd", ["--version"], "containerd github.com/containerd/containerd"),
    ("containerd-shim-runc-v2", ["-v"], "Version:"),
    ("ctr", ["--version"], "ctr github.com/containerd/containerd"),
    ("runc", ["--version"], "runc version 1."),
    ("crun", ["--version"], "crun version 1."),
    ("podman", ["--version"], "podman version 4."),
    ("conmon", ["--version"], "conmon version 2."),
    ("docker-registry", ["--version"], "docker-registry"),
    ("skopeo", ["--version"], "skopeo version 1."),
    ("umoci", ["--version"], "umoci version"),
    ("hyperfine", ["--version"], "hyperfine 1."),
    ("iptables", ["--version"], "iptables v1."),
    ("iptables-legacy", ["--version"], "iptables v1."),
    ("newuidmap", ["--help"], "usage: newuidmap"),
    ("htpasswd", ["-nbB", "user", "password"], "user:$2y$"),
)


def add(name, words, answer):
    @test(f"{name} answers")
    def _():
        result = run([peer(name)] + words, ok=False)
        contains(result.out + result.err, answer, repr(result))


for row in ANSWERS:
    add(*row)


@test("a current docker client answers, where one is installed")
def current_client():
    places = [place for place in os.environ["PATH"].split(":") if os.access(os.path.join(place, "docker"), os.X_OK)]
    if not places:
        raise Skip("no docker in PATH")
    contains(run([os.path.join(places[0], "docker"), "--version"]).out, "Docker version")


main(__name__)
