#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 14
# Pods by our OCI runtime, as a kubelet asks containerd for them: a RuntimeClass's handler picks it for a pod, runc is
# the default. The calls are those of the Container Runtime Interface (cri.py).
import glob
import json
import os
import re
import shutil
import time
import urllib.request

import cri
import images
import services
from support import Skip, check, contains, equal, folder, main, ours, peer, peer_file, run, test, wait_for

CRI = 'plugins."io.containerd.grpc.v1.cri"'
# The score of a pod's sandbox is below what this user may set where CAP_SYS_RESOURCE is missing.
CONFIG = f"""[{CRI}]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
[{CRI}.cni]
bin_dir = "{{cni}}"
conf_dir = "{{home}}/net.d"
[{CRI}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{CRI}.containerd.runtimes.bulkhead]
runtime_type = "io.containerd.runc.v2"
[{CRI}.containerd.runtimes.bulkhead.options]
BinaryName = "{{runtime}}"
Root = "{{home}}/bulkhead"
"""
NETWORK = """{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true,
  "ipam": {"type": "host-local", "dataDir": "%s", "subnet": "10.88.7.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}"""
RUNC_STATES = "/run/containerd/runc/k8s.io"
# Control groups are the machine's, PIDs the test's own.
PARENT = f"/bulkhead-cri-{os.urandom(4).hex()}"
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP] (.*)$", re.M)
NAMESPACES = {"network": "POD", "pid": "CONTAINER", "ipc": "POD"}
shared = {}


def home(*parts):
    return os.path.join(folder("containerd"), *parts)


def daemon():
    if "daemon" not in shared:
        cni = os.path.dirname(peer_file("usr/lib/cni/bridge"))
        os.makedirs(home("net.d"))
        with open(home("net.d/10-pods.conflist"), "w", encoding="utf-8") as file:
            file.write(NETWORK % home("addresses"))
        shared["daemon"] = services.Containerd(config=CONFIG.format(cni=cni, home=home(), runtime=ours("bh-runtime")), cri=True)
        put_images(shared["daemon"])
    return shared["daemon"]


def put_images(containerd):
    root = images.make_rootfs(folder("image"))
    shutil.copy(ours("bh-init"), root)
    layer = images.tar_of(root)
    for name, words in (("busybox", ["/bin/sh"]), ("pause", ["/bh-init", "/bin/sleep", "1000000"])):
        with open(home(name + ".tar"), "wb") as file:
            file.write(images.oci_archive(f"localhost/{name}:1", [layer], words))
        containerd.ctr("-n", "k8s.io", "images", "import", home(name + ".tar"))


def call(method, **fields):
    return cri.call(daemon().address, method, fields, curl=peer("curl"))


def refusal(method, **fields):
    """-> why METHOD is refused, which it must be"""
    try:
        answer = call(method, **fields)
    except cri.Refused as error:
        return str(error)
    raise AssertionError(f"{method} was not refused: {answer}")


def pod_config(name, namespaces=None, **fields):
    security = {"namespace_options": {**NAMESPACES, **(namespaces or {})}, **fields.pop("security", {})}
    linux = {"cgroup_parent": PARENT, "security_context": security, **fields.pop("linux", {})}
    hostname = "" if security["namespace_options"]["network"] == "NODE" else name
    return {"metadata": {"name": name, "uid": f"uid-{name}", "namespace": "test", "attempt": 0}, "hostname": hostname,
            "log_directory": folder("logs", name), "labels": {"app": name}, "linux": linux, **fields}


class Pod:
    """A pod's sandbox, and its containers by name"""

    def __init__(self, name, handler="bulkhead", **fields):
        self.config, self.containers, self.attempt = pod_config(name, **fields), {}, 0
        self.id = call("RunPodSandbox", config=self.config, runtime_handler=handler)["pod_sandbox_id"]

    def create(self, name, words, security=None, resources=None, **fields):
        """As the kubelet does, whose attempts count a container's restarts"""
        options = {"namespace_options": self.config["linux"]["security_context"]["namespace_options"], **(security or {})}
        config = {"metadata": {"name": name, "attempt": self.attempt}, "image": {"image": "localhost/busybox:1"},
                  "command": list(words), "log_path": f"{name}.log", "labels": {"container": name},
                  "linux": {"resources": {"cpu_shares": 2, **(resources or {})}, "security_context": options}, **fields}
        self.attempt += 1
        made = call("CreateContainer", pod_sandbox_id=self.id, config=config, sandbox_config=self.config)
        self.containers[name] = made["container_id"]
        return made["container_id"]

    def start(self, name, words, **fields):
        container = self.create(name, words, **fields)
        call("StartContainer", container_id=container)
        return container

    def run(self, name, *words, timeout=10):
        return call("ExecSync", container_id=self.containers[name], cmd=list(words), timeout=timeout)

    def out(self, name, script):
        done = self.run(name, "/bin/sh", "-c", script)
        equal((done["exit_code"], done["stderr"]), (0, ""), script)
        return done["stdout"].strip()

    def status(self, name):
        return call("ContainerStatus", container_id=self.containers[name])["status"]

    def ended(self, name):
        """-> (exit code, reason), once it has ended"""
        def look():
            found = self.status(name)
            return found["state"] == "CONTAINER_EXITED" and (found["exit_code"], found["reason"])
        return wait_for(look, f"the end of {name}")

    def log(self, name):
        """-> [(stream, text)]"""
        with open(os.path.join(self.config["log_directory"], f"{name}.log"), encoding="utf-8") as file:
            text = file.read()
        rows = [match.groups()[1:] for match in LOG_LINE.finditer(text)]
        equal(len(rows), len(text.splitlines()), f"lines in the CRI's format of {text!r}")
        return rows

    def remove(self):
        call("StopPodSandbox", pod_sandbox_id=self.id)
        call("RemovePodSandbox", pod_sandbox_id=self.id)


def ours_has():
    """-> IDs of all containers that bh-runtime keeps for containerd, with the pod's ID among the annotations; in a state
    of runc's form it finds none"""
    root = home("bulkhead", "k8s.io")
    names = [name for name in os.listdir(root) if name[0] != "."] if os.path.isdir(root) else []
    states = [run([ours("bh-runtime"), "--root", root, "state", name], ok=False) for name in names]
    kept = [json.loads(state.out) for state in states if state.status == 0]
    return {state["id"] for state in kept if "io.kubernetes.cri.sandbox-id" in state.get("annotations", {})}


def main_pod():
    if "pod" not in shared:
        shared["pod"] = Pod("web", dns_config={"servers": ["10.88.7.53"], "searches": ["test.local"]},
                            linux={"sysctls": {"net.ipv4.ip_unprivileged_port_start": "80"}})
    return shared["pod"]


@test("containerd offers the CRI, and is ready")
def ready():
    daemon()
    status = wait_for(lambda: all(row["status"] for row in call("Status")["status"]["conditions"]) and call("Version"), "Status")
    equal((status["runtime_name"], status["runtime_api_version"]), ("containerd", "v1"))
    equal({tag for image in call("ListImages")["images"] for tag in image["repo_tags"]}, {"localhost/busybox:1", "localhost/pause:1"})


@test("a handler that nobody configured is refused")
def unknown_handler():
    contains(refusal("RunPodSandbox", config=pod_config("lost"), runtime_handler="nonesuch"), 'no runtime for "nonesuch"')


@test("a pod of handler bulkhead has a network of CNI and is our runtime's")
def sandbox():
    pod = main_pod()
    status = call("PodSandboxStatus", pod_sandbox_id=pod.id)["status"]
    equal((status["state"], status["runtime_handler"]), ("SANDBOX_READY", "bulkhead"))
    check(status["network"]["ip"].startswith("10.88.7."), f"its address: {status['network']}")
    shared["address"] = status["network"]["ip"]
    check(pod.id in ours_has(), "bh-runtime has no such container")
    check(not os.path.exists(os.path.join(RUNC_STATES, pod.id)), "runc has it")


@test("a container runs in it: status, list, name, resolver, sysctl, volumes, files of the kubelet")
def container():
    pod = main_pod()
    for name in ("termination", "hosts", "volume/secret"):
        with open(os.path.join(folder("volumes", os.path.dirname(name)), os.path.basename(name)), "w", encoding="utf-8") as file:
            file.write(f"the {name}\n")
    mounts = [{"container_path": "/dev/termination-log", "host_path": folder("volumes") + "/termination"},
              {"container_path": "/etc/hosts", "host_path": folder("volumes") + "/hosts"},
              {"container_path": "/var/run/secrets/token", "host_path": folder("volumes", "volume"), "readonly": True},
              {"container_path": "/data", "host_path": folder("shared"), "propagation": "PROPAGATION_HOST_TO_CONTAINER"}]
    run(["mount", "-t", "tmpfs", "none", folder("shared")])
    run(["mount", "--make-shared", folder("shared")])
    made = pod.start("server", ["/bin/sh", "-c", 'echo ready; echo "$WHO" >&2; exec httpd -f -p 80 -h /etc'], mounts=mounts,
                     envs=[{"key": "WHO", "value": "kubelet"}], working_dir="/tmp")
    status = pod.status("server")
    equal((status["state"], status["metadata"], status["image"]["image"]),
          ("CONTAINER_RUNNING", {"name": "server", "attempt": 0}, "localhost/busybox:1"))
    rows = call("ListContainers", filter={"pod_sandbox_id": pod.id})["containers"]
    equal([(row["id"], row["state"], row["labels"]) for row in rows], [(made, "CONTAINER_RUNNING", {"container": "server"})])
    equal(ours_has(), {pod.id, made})
    equal(pod.out("server", "hostname; pwd; cat /etc/hosts /proc/sys/net/ipv4/ip_unprivileged_port_start"
                            " /var/run/secrets/token/secret").split("\n"), ["web", "/tmp", "the hosts", "80", "the volume/secret"])
    contains(pod.out("server", "cat /etc/resolv.conf"), "nameserver 10.88.7.53")
    run(["mount", "-t", "tmpfs", "-o", "size=77k", "later", folder("shared", "late")])
    contains(pod.out("server", "grep /data/late /proc/mounts"), "size=80k")
    run(["umount", folder("shared", "late")])
    check(pod.run("server", "/bin/touch", "/var/run/secrets/token/x")["exit_code"] != 0, "a read-only volume was written to")
    pod.out("server", "echo done >/dev/termination-log")
    with open(folder("volumes") + "/termination", encoding="utf-8") as file:
        equal(file.read(), "done\n")


@test("its output is in the log file as the kubelet reads it, also from a terminal")
def logs():
    pod = main_pod()
    wait_for(lambda: len(pod.log("server")) == 2, "two lines")
    equal(set(pod.log("server")), {("stdout", "ready"), ("stderr", "kubelet")})
    pod.start("terminal", ["/bin/sh", "-c", "tty; sleep 0.1"], tty=True)
    equal(pod.ended("terminal"), (0, "Completed"))
    equal([text.strip() for _, text in pod.log("terminal")], ["/dev/pts/0"])


@test("commands run in it: both streams, status, an end after the time-out")
def commands():
    pod = main_pod()
    equal(pod.run("server", "/bin/sh", "-c", "echo out; echo err >&2; exit 3"), {"stdout": "out\n", "stderr": "err\n", "exit_code": 3})
    begin = time.monotonic()
    contains(refusal("ExecSync", container_id=pod.containers["server"], cmd=["/bin/sleep", "60"], timeout=1), "grpc-status 4")
    check(time.monotonic() - begin < 5, "the time-out came late")
    check("sleep" not in pod.out("server", "ps"), "the command goes on")


@test("a person's session in it, with a terminal of the right size, and one without")
def sessions():
    made = main_pod().containers["server"]
    url = call("Exec", container_id=made, cmd=["/bin/sh"], tty=True, stdin=True, stdout=True)["url"]
    script = b"until stty size | grep -x '33 99'; do sleep 0.01; done\n"
    found = cri.stream(url, [(cri.RESIZE, b'{"Width":99,"Height":33}', b""), (cri.STDIN, script, b"\r\n33 99\r\n"),
                             (cri.STDIN, b"exit 4\n", b"")])
    contains(found[cri.STATUS].decode(), '"message":"4"')
    script = "read line; echo $line >&2; read line"
    url = call("Exec", container_id=made, cmd=["/bin/sh", "-c", script], stdin=True, stdout=True, stderr=True)["url"]
    found = cri.stream(url, [(cri.STDIN, b"hello\n", b"hello\n"), (cri.STDIN, b"end\n", b"")])
    equal((found[cri.STDOUT], found[cri.STDERR]), (b"", b"hello\n"))


@test("two containers of a pod share network and IPC, not PIDs; its address is reached from outside")
def sharing():
    pod = main_pod()
    pod.start("side", ["/bin/sleep", "1000"])
    show = "for name in net ipc uts pid mnt; do readlink /proc/self/ns/$name; done"
    one, two = [pod.out(name, show).split("\n") for name in ("server", "side")]
    equal(one[:3], two[:3], "network, IPC and UTS")
    check(one[3] != two[3] and one[4] != two[4], "PID and mount namespaces are shared")
    check(one[0] != os.readlink("/proc/self/ns/net"), "the network is the host's")
    equal(pod.out("side", "wget -qO - http://127.0.0.1/hosts"), "the hosts")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{shared['address']}/hosts", timeout=10) as answer:
        equal(answer.read(), b"the hosts\n")
    pod.out("side", "echo shared >/dev/shm/x")
    equal(pod.out("server", "cat /dev/shm/x"), "shared")


@test("a security context: user, read-only root, capabilities, seccomp, no new privileges")
def security_context():
    pod = main_pod()
    pod.start("narrow", ["/bin/sleep", "1000"], security={
        "run_as_user": {"value": 1000}, "run_as_group": {"value": 1000}, "supplemental_groups": [7], "readonly_rootfs": True,
        "no_new_privs": True, "capabilities": {"drop_capabilities": ["ALL"]}, "seccomp": {"profile_type": "RuntimeDefault"},
        "masked_paths": ["/proc/keys"], "readonly_paths": ["/proc/sys"]})
    show = "id -u; id -g; id -G; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | cut -f 2"
    none = "0" * 16
    equal(pod.out("narrow", show).split("\n"), ["1000", "1000", "1000 7", none, none, none, "1", "2"])
    equal(pod.out("narrow", "echo x 2>/dev/null >/tmp/x || echo read-only"), "read-only")
    equal(pod.out("narrow", "unshare -U true 2>/dev/null || echo refused"), "refused")
    wide = pod.out("side", show).split("\n")
    check(wide[0] == "0" and wide[4] != none and wide[-1] == "0", f"the other container has them: {wide}")


@test("limits: those that this machine has a controller for hold, another is refused by name")
def limits():
    pod = main_pod()
    asked = {"memory_limit_in_bytes": 48 << 20, "cpu_period": 100000, "cpu_quota": 50000, "oom_score_adj": 985}
    top = "/sys/fs/cgroup" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "/sys/fs/cgroup/unified"
    with open(top + "/cgroup.controllers", encoding="utf-8") as file:
        has_all = {"memory", "cpu"} <= set(file.read().split())
    made = pod.create("limited", ["/bin/sleep", "1000"], resources=asked)
    if has_all:
        call("StartContainer", container_id=made)
        for name, value in (("memory.max", str(48 << 20)), ("cpu.max", "50000 100000")):
            with open(f"{top}{PARENT}/{made}/{name}", encoding="utf-8") as file:
                equal(file.read().strip(), value)
    else:
        contains(refusal("StartContainer", container_id=made), "there is no controller")
    call("RemoveContainer", container_id=made)
    made = pod.start("scored", ["/bin/sleep", "1000"], resources={"oom_score_adj": 985})
    equal(pod.out("scored", "cat /proc/1/oom_score_adj"), "985")
    call("UpdateContainerResources", container_id=made, linux={"cpu_shares": 1024})
    call("StopContainer", container_id=made, timeout=0)


@test("a container that stops by itself, by TERM and only by KILL, and one after it")
def stopping():
    pod = main_pod()
    pod.start("brief", ["/bin/sh", "-c", "exit 7"])
    equal(pod.ended("brief"), (7, "Error"))
    pod.start("polite", ["/bin/sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"])
    wait_for(lambda: pod.log("polite"), "its first line")
    call("StopContainer", container_id=pod.containers["polite"], timeout=20)
    equal(pod.ended("polite"), (5, "Error"))
    side = pod.containers["side"]
    begin = time.monotonic()
    call("StopContainer", container_id=side, timeout=1)
    check(1 <= time.monotonic() - begin < 5, "process 1 of a PID namespace is killed after the time-out")
    equal(pod.ended("side"), (137, "Error"))
    pod.start("side", ["/bin/sleep", "1000"])
    equal(pod.status("side")["state"], "CONTAINER_RUNNING")
    call("RemoveContainer", container_id=side)
    check(side not in ours_has() and pod.containers["side"] in ours_has(), "the first is gone, the second is there")


@test("a pod on the host's network with one PID namespace, and a privileged container")
def host_pod():
    pod = shared["host"] = Pod("node", namespaces={"network": "NODE", "pid": "POD"}, security={"privileged": True})
    pod.start("one", ["/bin/sleep", "1001"])
    pod.start("two", ["/bin/sleep", "1002"], security={"privileged": True})
    equal(pod.out("one", "readlink /proc/self/ns/net"), os.readlink("/proc/self/ns/net"))
    processes = pod.out("two", "ps -o pid,args")
    for words in (" 1 /bh-init /bin/sleep 1000000", "/bin/sleep 1001", "/bin/sleep 1002"):
        contains(processes, words)
    with open("/proc/self/status", encoding="utf-8") as file:
        own = re.search(r"CapBnd:\t(\w+)", file.read()).group(1)
    equal(pod.out("two", "grep CapEff /proc/self/status | cut -f 2"), own)
    pod.out("two", "mount -t tmpfs none /home && test -c /dev/ptmx")


@test("runc, the default, runs a pod beside it")
def default_handler():
    try:
        pod = Pod("plain", handler="", namespaces={"network": "NODE"})
    except cri.Refused as error:
        raise Skip(f"Debian's runc makes no pod here: {error}") from None
    made = pod.start("one", ["/bin/sleep", "1000"])
    equal(pod.out("one", "echo hello"), "hello")
    check(not ours_has() & {pod.id, made}, "bh-runtime has containers of the default handler")
    check(os.path.exists(os.path.join(RUNC_STATES, made)), "runc has no state of it")
    pod.remove()


@test("pods that are stopped and removed leave nothing")
def removed():
    for pod in (main_pod(), shared["host"]):
        call("StopPodSandbox", pod_sandbox_id=pod.id)
        equal(call("PodSandboxStatus", pod_sandbox_id=pod.id)["status"]["state"], "SANDBOX_NOTREADY")
        states = {row["state"] for row in call("ListContainers", filter={"pod_sandbox_id": pod.id})["containers"]}
        equal(states, {"CONTAINER_EXITED"})
        call("RemovePodSandbox", pod_sandbox_id=pod.id)
    equal((call("ListPodSandbox")["items"], call("ListContainers")["containers"], ours_has()), ([], [], set()))
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        equal([line for line in file if home("state") in line or "/netns/" in line], [], "mounts")
    equal(glob.glob("/sys/fs/cgroup/unified" + PARENT + "/*/") + glob.glob("/sys/fs/cgroup" + PARENT + "/*/"), [], "cgroups")
    shims = [path for path in glob.glob("/proc/[0-9]*/exe") if os.path.realpath(path).endswith("containerd-shim-runc-v2")]
    equal(shims, [], "shims")
    for path in glob.glob("/sys/fs/cgroup/*" + PARENT) + glob.glob("/sys/fs/cgroup" + PARENT):
        os.rmdir(path)


main(__name__)
