#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# Images of the engine by the stock client: load, tag, commit, registry, build; and what bh-client does of it.
import http.server
import json
import os
import threading
import time

import images
import services
from support import check, contains, equal, folder, main, ours, peer, run, start, stop, test, wait_for

USER, PASSWORD = "tester", "a password: with $igns"
NONE = ["--network", "none"]
shared = {}


def layer():
    if "layer" not in shared:
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image")))
    return shared["layer"]


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        docker("load", stdin=images.docker_archive("busybox:1", [layer()]))
    return shared["engine"]


def registry():
    if "registry" not in shared:
        shared["registry"] = services.Registry(user=USER, password=PASSWORD)
    return shared["registry"]


def docker(*words, **options):
    return engine_of().docker(*words, **options)


def engine_of():
    return shared["engine"] if "engine" in shared else engine()


def client(*words, **options):
    return run([ours("bh-client"), *words], env={"DOCKER_HOST": engine_of().host}, **options)


def inspect(name):
    return json.loads(docker("image", "inspect", name).out)[0]


def context(name, files):
    place = folder(f"context-{name}")
    for path, text in files.items():
        full = os.path.join(place, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
    return place


def build(name, files, *words, **options):
    return docker("build", *NONE, "-t", name, *words, context(name.replace(":", "-"), files), timeout=60, **options)


@test("a loaded image is listed, inspected, and has its history")
def listed():
    engine()
    contains(docker("images").out, "busybox")
    image = inspect("busybox:1")
    equal(image["RepoTags"], ["busybox:1"])
    equal(inspect(image["Id"][7:19])["Id"], image["Id"], "by a short ID")
    equal(image["RootFS"]["Layers"], [images.digest(layer())])
    contains(docker("history", "busybox:1").out, "test")
    equal(docker("images", "-q", "--filter", "reference=nobody*").out, "")
    contains(docker("images", "--filter", "reference=busybox").out, "busybox")
    equal(docker("image", "inspect", "nobody:1", ok=False).status, 1)
    contains(client("images").out, "busybox")


@test("names come and go; an image goes with its last name")
def names():
    docker("tag", "busybox:1", "other/name:2")
    docker("tag", "busybox:1", "127.0.0.1:5000/deep/er/name")
    equal(len(inspect("busybox:1")["RepoTags"]), 3)
    equal(docker("tag", "busybox:1", "Upper/Case", ok=False).status, 1)
    contains(docker("rmi", "other/name:2").out, "Untagged: other/name:2")
    client("rmi", "127.0.0.1:5000/deep/er/name")
    equal(inspect("busybox:1")["RepoTags"], ["busybox:1"])
    docker("load", stdin=images.docker_archive("gone:1", [images.tar_with([("only", b"here")])]))
    contains(docker("rmi", "gone:1").out, "Deleted: sha256:")
    equal(docker("image", "inspect", "gone:1", ok=False).status, 1)


@test("an image in use is not removed")
def in_use():
    docker("run", "--name", "user", *NONE, "busybox:1", "true")
    contains(docker("rmi", "busybox:1", ok=False).err, "is using its referenced image")
    contains(docker("rmi", inspect("busybox:1")["Id"], ok=False).err, "is being used by stopped container")
    docker("rm", "user")
    inspect("busybox:1")


@test("commit keeps changes, message, author and configuration; mount points are in no diff")
def commit():
    docker("run", "--name", "changed", *NONE, "-e", "A=b", "busybox:1", "sh", "-c", "echo new > /file; rm /bin/yes")
    equal(sorted(docker("diff", "changed").out.split("\n")), ["", "A /file", "C /bin", "D /bin/yes"])
    docker("commit", "-m", "a message", "-a", "me", "-c", "CMD [\"cat\", \"/file\"]", "changed", "changed:1")
    image = inspect("changed:1")
    equal((image["Comment"], image["Author"], image["Config"]["Cmd"]), ("a message", "me", ["cat", "/file"]))
    check("A=b" in image["Config"]["Env"], "the environment is kept")
    equal(docker("run", "--rm", *NONE, "changed:1").out, "new\n")
    equal(docker("run", "--rm", *NONE, "changed:1", "ls", "/bin/yes", ok=False).status, 1)
    check(client("commit", "changed", "changed:2").out.startswith("sha256:"), "bh-client prints the ID")
    docker("rm", "changed")


@test("a running container is paused for a commit, and goes on")
def commit_running():
    docker("run", "-d", "--name", "runs", *NONE, "busybox:1", "sleep", "1000")
    docker("commit", "runs", "runs:1")
    contains(docker("ps").out, "Up ")
    check("Paused" not in docker("ps").out, "it stays paused")
    docker("rm", "-f", "runs")


@test("push wants a login; pull brings the same image back, by tag and by digest")
def round_trip():
    name = f"{registry().server}/team/busybox:1"
    docker("tag", "busybox:1", name)
    failed = docker("push", name, ok=False)
    check(failed.status != 0, "pushed without a login")
    contains(docker("login", "-u", USER, "--password-stdin", registry().server, stdin="wrong", ok=False).err, "401")
    contains(docker("login", "-u", USER, "--password-stdin", registry().server, stdin=PASSWORD).out, "Login Succeeded")
    pushed = docker("push", name).out
    digest = next(word for word in pushed.split() if word.startswith("sha256:"))
    equal(registry().tags("team/busybox"), ["1"], "tags")
    before = inspect(name)
    docker("rmi", name)
    contains(docker("pull", name).out, "Status: ")
    equal(inspect(name)["Id"], before["Id"], "ID")
    by_digest = f"{registry().server}/team/busybox@{digest}"
    contains(docker("pull", by_digest).out, digest)
    equal(inspect(by_digest)["Id"], before["Id"])
    contains(docker("pull", name).out, "up to date")
    contains(docker("pull", f"{registry().server}/team/none", ok=False).err, "none")


@test("pull -a brings all tags of a repository; search reads a registry's catalogue")
def all_tags():
    name = f"{registry().server}/team/all"
    for tag in ("1", "2", "old"):
        docker("tag", "busybox:1", f"{name}:{tag}")
        docker("push", f"{name}:{tag}")
    docker("rmi", *[f"{name}:{tag}" for tag in ("1", "2", "old")])
    shown = docker("pull", "-a", name).out
    contains(shown, f"Status: Downloaded newer image for {name}")
    equal(sorted(docker("images", "--format", "{{.Tag}}", name).out.split()), ["1", "2", "old"])
    contains(docker("pull", "-a", name).out, "up to date")
    contains(docker("pull", "-a", f"{registry().server}/team/nothing", ok=False).err, "404")
    contains(docker("pull", "-a", f"{name}:1", ok=False).err, "tag can't be used with --all-tags")
    equal(docker("search", "--format", "{{.Name}}", f"{registry().server}/ALL").out.split(), [name])
    equal(docker("search", "--format", "{{.Name}}", "--filter", "is-official=true", f"{registry().server}/ALL").out, "")
    contains(docker("search", "busybox", ok=False).err, "docker search HOST:PORT/busybox")
    docker("rmi", *[f"{name}:{tag}" for tag in ("1", "2", "old")])


@test("skopeo reads what we pushed, and we pull what it pushed")
def skopeo():
    creds = ["--creds", f"{USER}:{PASSWORD}"]
    answer = run([peer("skopeo"), "inspect", "--tls-verify=false", *creds, f"docker://{registry().server}/team/busybox:1"])
    check(json.loads(answer.out)["Layers"], "layers")
    place = folder("layout")
    run(["tar", "-xf", "-", "-C", place], stdin=images.oci_archive("x:1", [layer()]))
    run([peer("skopeo"), "--insecure-policy", "copy", "--dest-tls-verify=false", "--dest-creds", f"{USER}:{PASSWORD}",
         f"oci:{place}:1", f"docker://{registry().server}/from/skopeo:1"])
    docker("pull", f"{registry().server}/from/skopeo:1")
    equal(docker("run", "--rm", *NONE, f"{registry().server}/from/skopeo:1", "echo", "hello").out, "hello\n")


@test("bh-client logs in, pushes and pulls")
def own_client():
    name = f"{registry().server}/own/client:1"
    env = {"DOCKER_HOST": engine_of().host, "DOCKER_CONFIG": folder("own-config")}
    run([ours("bh-client"), "tag", "busybox:1", name], env=env)
    equal(run([ours("bh-client"), "push", name], env=env, ok=False).status, 1)
    contains(run([ours("bh-client"), "login", "-u", USER, "--password-stdin", registry().server], env=env, stdin=PASSWORD).out,
             "Login Succeeded")
    run([ours("bh-client"), "push", "-q", name], env=env)
    run([ours("bh-client"), "rmi", name], env=env)
    run([ours("bh-client"), "run", "--rm", "--network", "none", name, "true"], env=env)
    equal(os.stat(os.path.join(folder("own-config"), "config.json")).st_mode & 0o777, 0o600, "mode of the credentials")
    run([ours("bh-client"), "logout", registry().server], env=env)


@test("save and load keep an image; docker load of dockerd's and skopeo's forms work")
def save():
    data = folder() + "/saved.tar"
    docker("save", "-o", data, "busybox:1")
    docker("tag", "busybox:1", "kept:1")
    before = inspect("busybox:1")["Id"]
    docker("rmi", "busybox:1")
    contains(docker("load", "-i", data).out, "Loaded image: busybox:1")
    equal(inspect("busybox:1")["Id"], before)
    run([peer("skopeo"), "--insecure-policy", "inspect", f"docker-archive:{data}"])


@test("import makes an image of a root file system")
def imported():
    docker("import", "-m", "hand made", "-c", "ENV A=b", "-c", "CMD [\"cat\", \"only\"]", "-", "imported:1",
           stdin=images.tar_with([("only", b"here")]))
    image = inspect("imported:1")
    equal((image["Config"]["Env"], image["Config"]["Cmd"]), (["A=b"], ["cat", "only"]))
    equal(docker("import", "-c", "RUN x", "-", stdin=images.tar_with([]), ok=False).status, 1)


@test("build: stages, arguments, cache, files and their owners")
def builds():
    files = {"Dockerfile": "ARG BASE=nobody\nFROM $BASE AS one\nENV A=b\nARG X=default\nWORKDIR /work\n"
                           "RUN echo $A $X $Y > made && ls -l\nCOPY --chown=7:8 file d*/ ./\nADD packed.tar /un\n"
                           "FROM scratch\nCOPY --from=one /work /\nCOPY --from=busybox:1 /bin/busybox /bin/cat\nLABEL k=v\n"
                           "EXPOSE 80 90-91/udp\nVOLUME /data\nUSER 7\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"/bin/cat\"]\nCMD [\"made\"]\n",
             "file": "content", "dir/inner": "inner", ".dockerignore": "skipped\n", "skipped": "x",
             "packed.tar": images.tar_with([("unpacked", b"yes")])}
    first = build("made:1", files, "--build-arg", "BASE=busybox:1", "--build-arg", "X=given", "--label", "extra=1").out
    contains(first, "Successfully tagged made:1")
    image = inspect("made:1")["Config"]
    equal((image["Entrypoint"], image["Cmd"], image["User"], image["StopSignal"]), (["/bin/cat"], ["made"], "7", "SIGINT"))
    equal(image["Labels"], {"k": "v", "extra": "1"})
    equal(sorted(image["ExposedPorts"]), ["80/tcp", "90/udp", "91/udp"])
    equal(docker("run", "--rm", *NONE, "made:1").out, "b given\n")
    equal(docker("run", "--rm", *NONE, "made:1", "file", "inner").out, "contentinner")
    second = build("made:2", files, "--build-arg", "BASE=busybox:1", "--build-arg", "X=given", "--label", "extra=1").out
    check("Running in" not in second, "a step was run again")
    equal(inspect("made:2")["Id"], inspect("made:1")["Id"], "the cached image")
    files["file"] = "changed"
    third = build("made:3", files, "--build-arg", "BASE=busybox:1", "--build-arg", "X=given").out
    equal(third.count("Running in"), 0, "RUN before COPY comes from the cache")
    equal(docker("run", "--rm", *NONE, "made:3", "file").out, "changed")
    contains(build("made:4", files, "--build-arg", "BASE=busybox:1", "--no-cache", "--target", "one").out, "Running in")
    equal(docker("run", "--rm", *NONE, "made:4", "cat", "/un/unpacked").out, "yes")
    equal(docker("run", "--rm", *NONE, "made:4", "stat", "-c", "%u:%g", "file").out, "7:8\n")


class Web(http.server.ThreadingHTTPServer):
    """Serves `files` on loopback, {path: bytes or None: it sends for ever}; `hits`: what was asked for"""
    daemon_threads = True

    def __init__(self, files):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.split("?")[0]
                self.server.hits.append(path)
                body = self.server.files.get(path, b"")
                self.send_response(200 if path in self.server.files else 404)
                self.send_header("Last-Modified", "Fri, 01 Mar 2019 10:00:00 GMT")
                self.end_headers()
                try:
                    while body is None:
                        self.wfile.write(bytes(4096))
                        time.sleep(0.01)
                    self.wfile.write(body)
                except OSError:
                    self.server.hits.append("gone")

            def log_message(self, *words):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.hits, self.url = files, [], f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


@test("build: ADD of URLs, cached by what they have, checked by --checksum, ended with the client")
def add_url():
    tar = images.tar_with([("unpacked", b"yes")])
    web = Web({"/a.tar": tar, "/b": b"bee", "/endless": None})
    text = f"FROM busybox:1\nARG S\nADD --checksum=$S {web.url}/a.tar /in/\nADD --chown=7:8 {web.url}/b own /both/\n" \
           f"ADD {web.url}/b?x=1 /named\nRUN test $(stat -c %a:%Y /in/a.tar) = 600:1551434400 && stat -c %u:%g%n /both/*\n"
    words = ["--build-arg", f"S={images.digest(tar)}"]
    contains(build("url:1", {"Dockerfile": text, "own": "o"}, *words).out, "7:8/both/b\n7:8/both/own")
    equal(docker("run", "--rm", *NONE, "url:1", "cat", "/named").out, "bee")
    check("Running in" not in build("url:2", {"Dockerfile": text, "own": "o"}, *words).out, "a step was run again")
    web.files["/b"] = b"other"
    contains(build("url:3", {"Dockerfile": text, "own": "o"}, *words).out, "Running in")
    for line, why in ((f"ADD --checksum={images.digest(b'')} {web.url}/b /x", images.digest(b"other")), (f"ADD {web.url}/no /x", "404"),
                      (f"COPY {web.url}/b /x", "can't be a URL for COPY"), (f"ADD {web.url}/ /x/", "cannot determine a file name"),
                      (f"ADD --checksum={images.digest(b'')} own /x", "non-HTTP(S)"), (f"ADD {web.url}/x.git /x", "clone")):
        result = build("bad:1", {"Dockerfile": f"FROM busybox:1\n{line}\n", "own": "o"}, ok=False)
        check(result.status != 0, line)
        contains(result.out + result.err, why)
    place = context("endless", {"Dockerfile": f"FROM busybox:1\nADD {web.url}/endless /x\n"})
    client_process = start([peer("docker"), "-H", engine_of().host, "build", place])
    wait_for(lambda: "/endless" in web.hits, "the download")
    stop(client_process)
    wait_for(lambda: "gone" in web.hits, "its end, with the client's")
    wait_for(lambda: not os.listdir(os.path.join(engine_of().root, "tmp")), "an empty tmp")
    web.shutdown()
    web.server_close()


@test("build: triggers of a base image run, once")
def triggers():
    build("base:1", {"Dockerfile": "FROM busybox:1\nONBUILD RUN echo triggered > /mark\nONBUILD ENV T=1\n"})
    out = build("child:1", {"Dockerfile": "FROM base:1\nRUN cat /mark\n"}).out
    contains(out, "# Executing 2 build triggers")
    contains(out, "triggered")
    build("grandchild:1", {"Dockerfile": "FROM child:1\nRUN true\n"})
    check(not inspect("child:1")["Config"].get("OnBuild"), "the trigger is handed on")


@test("build: what goes wrong is told with its line, and leaves nothing")
def build_errors():
    def fails(text, why, files=None):
        result = build("bad:1", {"Dockerfile": text, **(files or {})}, ok=False)
        check(result.status != 0, f"{text!r} was built")
        contains(result.out + result.err, why)
    fails("FROM busybox:1\nFOO x\n", "line 2: unknown instruction: FOO")
    fails("FROM busybox:1\nRUN exit 3\n", "returned a non-zero code: 3")
    fails("FROM busybox:1\nCOPY none /\n", "none")
    fails("FROM busybox:1\nCOPY ../../etc/passwd /\n", "passwd")
    fails("FROM busybox:1\nRUN no-such-command\n", "127")
    fails("FROM scratch\nRUN x\n", "scratch is empty")
    fails("RUN x\n", "no FROM")
    fails("FROM busybox:1\nCOPY --from=nobody.invalid:1/x /a /b\n", "cannot reach it")
    fails("FROM busybox:1\nCOPY --from=UPPER /a /b\n", "invalid from flag value UPPER")
    equal(docker("ps", "-aq").out, "", "containers left")
    equal(docker("image", "inspect", "bad:1", ok=False).status, 1)


@test("prune removes what has no name, and the store holds no garbage")
def prune():
    docker("image", "prune", "-f")
    docker("rmi", *[line for line in docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split() if "<none>" not in line])
    docker("image", "prune", "-af")
    equal(docker("images", "-aq").out, "", "images left")
    root = engine_of().root
    equal((os.listdir(root + "/layers"), os.listdir(root + "/blobs/sha256"), os.listdir(root + "/tmp")), ([], [], []))


main(__name__)
