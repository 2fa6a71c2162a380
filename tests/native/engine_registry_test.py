#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 6
# Private registries that are not on loopback: certificates of their own authority, plain HTTP; what the stock client is told
# where they are not trusted.
import json
import os
import shutil

import images
import services
from support import contains, equal, folder, main, ours, run, test

USER, PASSWORD = "tester", "of the registry"
ADDRESS = "192.0.2.7"  # RFC 5737: for documentation
TRUSTED = "/etc/docker/certs.d"  # isolate.py's
shared = {}


def engine():
    if "engine" not in shared:
        run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"])
        shared["plain"] = services.Registry("plain", user=USER, password=PASSWORD, address=ADDRESS)
        run([ours("bh-tls"), "make-certificates", folder("certificates"), "--host", ADDRESS])
        shared["tls"] = services.Registry("tls", user=USER, password=PASSWORD, address=ADDRESS, tls=folder("certificates"))
        shared["engine"] = services.Engine("--insecure-registry", "registry.example", "--insecure-registry", shared["plain"].server)
        layer = images.tar_of(images.make_rootfs(folder("image"), ["sh", "echo"]))
        shared["engine"].docker("load", stdin=images.docker_archive("hello:1", [layer], ["echo", "hello"]))
    return shared["engine"]


def login(server, **options):
    return engine().docker("login", "-u", USER, "--password-stdin", server, stdin=PASSWORD, **options)


def there_and_back(server):
    """push, rmi, pull, build from it, search, pull all, and logout, after which it is shut"""
    name = f"{server}/team/hello:1"
    equal(login(server).out.strip(), "Login Succeeded")
    engine().docker("tag", "hello:1", name)
    engine().docker("push", "-q", name)
    engine().docker("rmi", name)
    equal(engine().docker("pull", "-q", name).out.strip(), name)
    engine().docker("rmi", name)
    context = folder("context")
    with open(os.path.join(context, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write(f"FROM {name}\nLABEL a=b\n")
    engine().docker("build", "-q", context)
    contains(engine().docker("search", f"{server}/hello").out, "team/hello")
    engine().docker("pull", "-a", "-q", f"{server}/team/hello")
    engine().docker("logout", server)
    engine().docker("rmi", name)
    equal(engine().docker("pull", name, ok=False).status, 1)  # the client then asks for a name, on a terminal


@test("an insecure registry may be plain HTTP, and docker info names it")
def plain():
    engine()
    there_and_back(shared["plain"].server)
    config = json.loads(engine().docker("info", "-f", "{{json .RegistryConfig}}").out)
    equal(sorted(name for name, entry in config["IndexConfigs"].items() if not entry["Secure"]),
          sorted(["registry.example", shared["plain"].server]))


@test("a registry's own authority in certs.d is believed, from the next command on")
def own_authority():
    engine()
    server = shared["tls"].server
    refused = login(server, ok=False)
    equal(refused.status, 1)
    contains(refused.err, f"{TRUSTED}/{server}/ca.crt")
    os.makedirs(f"{TRUSTED}/{server}")
    shutil.copy(os.path.join(folder("certificates"), "ca.pem"), f"{TRUSTED}/{server}/ca.crt")
    there_and_back(server)
    # Another authority in its place is not.
    run([ours("bh-tls"), "make-certificates", folder("others"), "--host", ADDRESS])
    shutil.copy(os.path.join(folder("others"), "ca.pem"), f"{TRUSTED}/{server}/ca.crt")
    contains(login(server, ok=False).err, "not to be trusted")


@test("other registries stay https, and the error says what to do")
def refused():
    engine()
    other = services.Registry("other", address=ADDRESS)
    contains(login(other.server, ok=False).err, f"--insecure-registry {other.server}")
    contains(engine().docker("pull", f"{other.server}/x", ok=False).err, "does not speak TLS")


@test("what is no registry is no option")
def options():
    for word in ("", "http://x", "user@x", "a b"):
        result = run([ours("bh-engine"), "--insecure-registry", word, "--help"], ok=False)
        equal(result.status, 2, f"status of {word!r}")
        contains(result.err, "HOST[:PORT]")
    many = [word for number in range(17) for word in ("--insecure-registry", f"host-{number}")]
    equal(run([ours("bh-engine"), *many, "--help"], ok=False).status, 2)


main(__name__)
