#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# kill -9 of the engine at random moments of load, pull, build, run, rm, commit and volume create. After each restart:
# what was acknowledged is there, what is there is whole, what ran runs and is followed, nothing is left of what is gone.
# BULKHEAD_SEED repeats a run; BULKHEAD_ROUNDS makes it longer.
import json
import os
import random
import signal
import threading
import time
import urllib.parse

import api
import images
import services
from support import check, equal, folder, main, ours, run, test, wait_for

SEED = int(os.environ.get("BULKHEAD_SEED") or random.SystemRandom().randrange(2**31))
ROUNDS = int(os.environ.get("BULKHEAD_ROUNDS") or 20)
TICKS = ["sh", "-c", "trap exit TERM; while :; do echo tick; sleep 0.1; done"]
TAR = {"Content-Type": "application/x-tar"}
shared = {}


class Model:
    """What clients were told: `sure` is there, `gone` is not, `maybe` was asked for. Each by its kind."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sure = {"image": set(), "container": set(), "volume": set()}
        self.gone = {"image": set(), "container": set(), "volume": set()}
        self.maybe = {"image": set(), "container": set(), "volume": set()}
        self.running = set()

    def ask(self, kind, name):
        with self.lock:
            self.maybe[kind].add(name)

    def told(self, kind, name, is_running=False):
        with self.lock:
            self.maybe[kind].discard(name)
            self.sure[kind].add(name)
            if is_running:
                self.running.add(name)

    def removing(self, kind, name):
        with self.lock:
            self.sure[kind].discard(name)
            self.running.discard(name)
            self.maybe[kind].add(name)

    def removed(self, kind, name):
        with self.lock:
            self.maybe[kind].discard(name)
            self.gone[kind].add(name)


model = Model()


def quote(text):
    return urllib.parse.quote(text, safe="")


def layer(number):
    """A small layer that no other test has"""
    return images.tar_with([(f"own/file-{number}-{n}", os.urandom(40_000)) for n in range(5)])


def engine_start():
    shared["engine"] = services.Engine()
    shared["api"] = api.Api(shared["engine"].path)


def ask(*words, **options):
    return shared["api"].request(*words, **options)


def prepare():
    shared["base"] = images.tar_of(images.make_rootfs(folder("image"), ["sh", "sleep", "true", "echo", "cat"]))
    shared["registry"] = services.Registry()
    for number in range(6):
        manifest, blobs = images.oci_blobs([shared["base"], layer(f"p{number}")])
        shared["registry"].put_image(f"pulled-{number}", "1", manifest, blobs)
    engine_start()
    equal(ask("POST", "/images/load?quiet=1", images.docker_archive("base:1", [shared["base"]]), TAR).status, 200)
    model.told("image", "base:1")


# --- what clients do: each tells the model before and after, and nothing when the engine dies -------------------
def streamed(reply):
    check(reply.status == 200 and b'"error"' not in reply.body, f"{reply!r}")


def do_load(client, number):
    name = f"loaded-{number}:1"
    model.ask("image", name)
    streamed(client.request("POST", "/images/load", images.docker_archive(name, [shared["base"], layer(number)]), TAR))
    model.told("image", name)


def do_pull(client, number):
    name = f"{shared['registry'].server}/pulled-{number % 6}:1"
    with model.lock:
        if name not in model.sure["image"]:
            model.maybe["image"].add(name)
    streamed(client.request("POST", f"/images/create?fromImage={quote(name[:-2])}&tag=1"))
    model.told("image", name)


def do_build(client, number):
    name = f"built-{number}:1"
    model.ask("image", name)
    dockerfile = f"FROM base:1\nCOPY x /x\nRUN echo {number} > /y\nENV N={number}\n"
    context = images.tar_with([("Dockerfile", dockerfile.encode()), ("x", os.urandom(50_000))])
    reply = client.request("POST", f"/build?t={quote(name)}&networkmode=none&rm=1&forcerm=1", context, TAR)
    streamed(reply)
    check(b"Successfully tagged" in reply.body, f"{reply!r}")
    model.told("image", name)


def do_run(client, number):
    name = f"run-{number}"
    mode = "none" if number % 3 else "bridge"
    model.ask("container", name)
    made = client.request("POST", f"/containers/create?name={name}", {"Image": "base:1", "Cmd": TICKS, "HostConfig": {"NetworkMode": mode}})
    equal(made.status, 201, f"{made!r}")
    model.told("container", name)
    started = client.request("POST", f"/containers/{name}/start")
    equal(started.status, 204, f"{started!r}")
    model.told("container", name, True)


def do_run_once(client, number):
    name = f"once-{number}"
    model.ask("container", name)
    made = client.request("POST", f"/containers/create?name={name}", {
        "Image": "base:1", "Cmd": ["sh", "-c", "echo x > /file"], "HostConfig": {"NetworkMode": "none", "AutoRemove": True}})
    equal(made.status, 201, f"{made!r}")
    equal(client.request("POST", f"/containers/{name}/start").status, 204)
    client.request("POST", f"/containers/{name}/wait?condition=removed")
    model.removed("container", name)


def do_remove(client, _number):
    with model.lock:
        names = sorted(model.sure["container"])
    if names:
        name = random.Random(SEED + len(names)).choice(names)
        model.removing("container", name)
        reply = client.request("DELETE", f"/containers/{name}?force=1")
        if reply.status == 204:
            model.removed("container", name)


def do_commit(client, number):
    with model.lock:
        names = sorted(model.running)
    if names:
        model.ask("image", f"committed-{number}:1")
        reply = client.request("POST", f"/commit?container={names[0]}&repo=committed-{number}&tag=1")
        if reply.status == 201:
            model.told("image", f"committed-{number}:1")


def do_volume(client, number):
    for part in range(5):
        name = f"volume-{number}-{part}"
        model.ask("volume", name)
        equal(client.request("POST", "/volumes/create", {"Name": name}).status, 201)
        model.told("volume", name)


KINDS = [do_load, do_pull, do_build, do_run, do_run, do_run_once, do_remove, do_commit, do_volume]


def worker(action, number, failures):
    client = api.Api(shared["engine"].path)
    try:
        action(client, number)
    except AssertionError as error:
        failures.append(f"{action.__name__}: {error}")
    except (OSError, ValueError, AttributeError, EOFError):
        pass  # the engine died under it
    except Exception as error:  # pylint: disable=broad-except
        if "IncompleteRead" not in repr(error) and "Status" not in repr(error):
            failures.append(f"{action.__name__}: {error!r}")
    finally:
        client.close()


# --- what must hold after a restart ----------------------------------------------------------------------------
def present(kind):
    if kind == "image":
        return {tag for image in ask("GET", "/images/json").json() for tag in image["RepoTags"] or []}
    if kind == "volume":
        return {volume["Name"] for volume in ask("GET", "/volumes").json()["Volumes"]}
    return {row["Names"][0].lstrip("/") for row in ask("GET", "/containers/json?all=1").json()}


def check_model():
    for kind in ("image", "container", "volume"):
        found = present(kind)
        equal(model.sure[kind] - found, set(), f"{kind}s that were acknowledged and are lost")
        strangers = found - model.sure[kind] - model.maybe[kind]
        if kind == "container":  # steps of a build, which the kill interrupted, have names of their own
            strangers = {name for name in strangers if name.startswith(("run-", "once-"))}
        equal(strangers, set(), f"{kind}s that nobody asked for, or that were removed")
        once = {name for name in model.maybe[kind] if name.startswith("once-")}  # those go by themselves
        model.sure[kind] |= (found & model.maybe[kind]) - once
        model.maybe[kind] = once


def running():
    return {row["Id"]: row["Names"][0].lstrip("/") for row in ask("GET", "/containers/json").json()}


def monitors():
    """IDs of containers that a monitor of this engine runs"""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("bh-monitor") and "--id" in words and "--exec" not in words:
            found.add(words[words.index("--id") + 1])
    return found


def mounted(below):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        places = [line.split()[4] for line in file]
    return {os.path.relpath(place, below).split("/")[0] for place in places if place.startswith(below + "/")}


def settled():
    """What the kernel has is what the engine says: monitors, mounts, network namespaces, folders"""
    now = set(running())
    engine = shared["engine"]
    extra = [("monitors", monitors(), now), ("mounts", mounted(os.path.join(engine.root, "containers")), now),
             ("namespaces", set(os.listdir(os.path.join(engine.run_folder, "netns"))), now),
             ("folders", set(os.listdir(os.path.join(engine.root, "containers"))), {row["Id"] for row in ask("GET", "/containers/json?all=1").json()}),
             ("run folders", set(os.listdir(os.path.join(engine.run_folder, "containers"))), {row["Id"] for row in ask("GET", "/containers/json?all=1").json()})]
    shared["unsettled"] = [f"{what}: {found - wanted}" for what, found, wanted in extra if found - wanted]
    shared["unsettled"] += [f"no monitor of {now - monitors()}"] if now - monitors() else []
    return not shared["unsettled"]


def check_settled():
    try:
        wait_for(settled, "monitors, mounts, namespaces and folders are those of containers", timeout=6)
    except AssertionError as error:
        raise AssertionError(f"{error}: {shared['unsettled']}") from None


def verify():
    out = run([ours("bh-image"), "--root", shared["engine"].root, "verify"], timeout=60, ok=False)
    equal(out.status, 0, repr(out))
    result = json.loads(out.out.strip().splitlines()[-1])["result"]
    check(not result.get("problems"), f"bh-image verify: {result}")


def check_running(chance):
    """Those that ran run on: one is followed, one is stopped"""
    names = set(running().values())
    equal(model.running - names, set(), "containers that no longer run")
    model.running = {name for name in names if name.startswith("run-")}
    if not model.running:
        return
    name = chance.choice(sorted(model.running))
    def count():
        return ask("GET", f"/containers/{name}/logs?stdout=1&tail=all").body.count(b"tick")
    before = count()
    wait_for(lambda: count() > before, f"{name} is not followed: its log stands still")
    if len(model.running) > 3:
        ended = []
        waiting = threading.Thread(target=lambda: ended.append(api.Api(shared["engine"].path).request("POST", f"/containers/{name}/wait").json()))
        waiting.start()
        equal(ask("POST", f"/containers/{name}/stop?t=2").status, 204)
        waiting.join(10)
        check(ended and "StatusCode" in ended[0], f"wait for {name}: {ended}")
        model.running.discard(name)


def one_round(number, chance):
    failures, threads = [], []
    for turn in range(4):
        action = chance.choice(KINDS)
        threads.append(threading.Thread(target=worker, args=(action, number * 10 + turn, failures)))
    for thread in threads:
        thread.start()
    time.sleep(chance.choice([0.02, 0.1, 0.3, 0.6]) * chance.random())
    shared["engine"].process.send_signal(signal.SIGKILL)
    shared["engine"].process.wait()
    for thread in threads:
        thread.join(20)
        check(not thread.is_alive(), "a client waits for an engine that is dead")
    equal(failures, [], "what clients were told")
    shared["api"].close()
    engine_start()
    check_model()
    check_settled()
    check_running(chance)


@test(f"{ROUNDS} rounds of kill -9: nothing that was acknowledged is lost, nothing half-made is visible")
def rounds():
    print(f"    seed {SEED}", flush=True)
    prepare()
    for number in range(ROUNDS):
        try:
            one_round(number, random.Random(SEED + number))
            if number % 5 == 4:
                verify()
        except AssertionError as error:
            raise AssertionError(f"round {number} of BULKHEAD_SEED={SEED}: {error}") from error
    print(f"    {len(model.sure['image'])} images, {len(model.sure['container'])} containers, {len(model.running)} running, "
          f"{len(model.sure['volume'])} volumes at the end")


@test("each image that is there runs")
def whole():
    for name in sorted(model.sure["image"]):
        made = ask("POST", "/containers/create", {"Image": name, "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}})
        equal(made.status, 201, f"{name}: {made!r}")
        number = made.json()["Id"]
        equal(ask("POST", f"/containers/{number}/start").status, 204, name)
        equal(ask("POST", f"/containers/{number}/wait").json()["StatusCode"], 0, name)
        equal(ask("DELETE", f"/containers/{number}").status, 204, name)


@test("a prune takes all garbage; the engine ends in order, and what runs goes on without it")
def prune():
    verify()
    over = [row["Names"] for row in ask("GET", "/containers/json?all=1&filters=" + quote('{"status":["exited"],"name":["once-"]}')).json()]
    equal(over, [], "containers of run --rm that ended and stayed")
    equal(ask("POST", "/containers/prune").status, 200)
    equal(ask("POST", "/images/prune?filters=" + quote('{"dangling":["false"]}')).status, 200)
    equal(ask("POST", "/volumes/prune?filters=" + quote('{"all":["true"]}')).status, 200)
    root = shared["engine"].root
    used = {row["Id"] for row in ask("GET", "/containers/json?all=1").json()}
    equal(set(os.listdir(os.path.join(root, "containers"))), used, "folders of containers")
    equal(present("volume"), set())
    equal(os.listdir(os.path.join(root, "volumes")), [], "folders of volumes")
    kept = ask("GET", "/images/json").json()
    layers = {name for image in kept for name in ask("GET", f"/images/{image['Id']}/json").json()["RootFS"]["Layers"]}
    equal(len(os.listdir(os.path.join(root, "layers"))), len(layers), "layers that no image has")
    wait_for(lambda: not os.listdir(os.path.join(root, "tmp")), f"work at hand is gone: {os.listdir(os.path.join(root, 'tmp'))}", timeout=3)
    before = monitors()
    equal(shared["engine"].stop(), 0)
    equal(monitors(), before, "monitors after the engine's end")
    engine_start()
    for name in running().values():
        equal(ask("DELETE", f"/containers/{name}?force=1").status, 204)
    check_settled()
    equal(shared["engine"].stop(), 0)


main(__name__)
