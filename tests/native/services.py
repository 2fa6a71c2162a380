# SPDX-License-Identifier: Apache-2.0
# Daemons for the native tests: a registry with a login, our engine, Debian's dockerd and containerd. Each is started on
# loopback or on a socket in the test's folder, and ends with the test.
import base64
import json
import os
import shutil
import socket
import urllib.error
import urllib.request

from support import ISOLATED, SCALE, Skip, folder, on_cgroup2, ours, peer, peer_file, run, short_folder, socket_path, start, stop, wait_for

REGISTRY_CONFIG = """version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {data}}}, delete: {{enabled: true}}}}
http: {{addr: "{server}"{tls}}}
"""
REGISTRY_TLS = ", tls: {{certificate: {folder}/server-cert.pem, key: {folder}/server-key.pem}}"
REGISTRY_LOGIN = """auth: {{htpasswd: {{realm: test, path: {path}}}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address):
    """ADDRESS: (host, port), or the path of a Unix socket"""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def serves(path):
    """The Docker API answers there. A connection alone tells less: a process that was made by an engine, which was killed since, may
    hold its socket until it calls exec()."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2 * SCALE)
        try:
            probe.connect(path)
            probe.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return probe.recv(9) == b"HTTP/1.1 "
        except OSError:
            return False


class Registry:
    """Debian's docker-registry on loopback, or on another ADDRESS: server is HOST:PORT; with a USER (Basic) or open to all; plain,
    or with TLS: what `bh-tls make-certificates` put into a folder"""

    def __init__(self, name="registry", user=None, password=None, port=None, address="127.0.0.1", tls=None):
        self.user, self.password, self.port = user, password, port or free_port()
        self.server = f"{address}:{self.port}"
        home = folder(name)
        text = REGISTRY_CONFIG.format(data=os.path.join(home, "data"), server=self.server, tls=REGISTRY_TLS.format(folder=tls) if tls else "")
        if user:
            path = os.path.join(home, "htpasswd")
            # Cost 4: this is a test, and each request is checked anew.
            line = run([peer("htpasswd"), "-niB", "-C", "4", user], stdin=password).out
            with open(path, "w", encoding="utf-8") as file:
                file.write(line)
            text += REGISTRY_LOGIN.format(path=path)
        config = os.path.join(home, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        self.process = start([peer("docker-registry"), "serve", config], log=f"{name}.log")
        wait_for(lambda: answers((address, self.port)), "the registry", process=self.process)

    def request(self, method, path, data=None, headers=None):
        """-> (status, headers, body)"""
        headers = dict(headers or {})
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        url = path if path.startswith("http") else f"http://{self.server}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def put_blob(self, name, digest, data):
        status, headers, body = self.request("POST", f"/v2/{name}/blobs/uploads/", b"")
        assert status == 202, (status, body)
        place = headers["Location"]
        status, _, body = self.request("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data,
                                       {"Content-Type": "application/octet-stream"})
        assert status == 201, (status, body)

    def put_image(self, name, tag, manifest, blobs):
        """What images.oci_blobs() made, as NAME:TAG; -> the reference that pulls it"""
        for digest, data in blobs.items():
            self.put_blob(name, digest, data)
        kind = json.loads(manifest)["mediaType"]
        status, _, body = self.request("PUT", f"/v2/{name}/manifests/{tag}", manifest, {"Content-Type": kind})
        assert status == 201, (status, body)
        return f"{self.server}/{name}:{tag}"

    def tags(self, name):
        return json.loads(self.request("GET", f"/v2/{name}/tags/list")[2]).get("tags") or []

    def stop(self):
        stop(self.process)


class Daemon:
    """A process that serves the Docker API on a Unix socket, with the stock client's commands on it"""

    def __init__(self, command, path, log, env=None):
        self.path, self.host = path, f"unix://{path}"
        self.process = start(command, log=log, env=env)
        wait_for(lambda: serves(path), log, timeout=30, process=self.process)

    def docker(self, *words, client=None, **options):
        """Debian's client (or CLIENT, a path) with WORDS; -> Result"""
        return run([client or peer("docker"), "-H", self.host] + list(words), **options)

    def stop(self, **options):
        return stop(self.process, **options)


class Engine(Daemon):
    """Our engine. Its roots stay when it is stopped: another Engine of the same NAME goes on with them."""

    def __init__(self, *words, name="engine", env=None):
        self.root, self.run_folder = folder(name, "root"), folder(name, "run")
        path = socket_path(f"{name[:20]}.sock")
        super().__init__([ours("bh-engine"), "--root", self.root, "--run", self.run_folder, "--host", f"unix://{path}",
                          *words], path, f"{name}.log", env)


class Dockerd(Daemon):
    """Debian's dockerd 20.10, as it starts anywhere: without iptables and bridge unless WORDS say so"""

    def __init__(self, *words, name="dockerd"):
        home = folder(name)
        path = socket_path(f"{name}.sock")
        plain = () if words else ("--iptables=false", "--ip6tables=false", "--bridge=none")
        super().__init__([peer("dockerd"), "--data-root", os.path.join(home, "root"), "--exec-root", os.path.join(short_folder(), f"{name}-exec"),
                          "--pidfile", os.path.join(home, "pid"), "-H", f"unix://{path}", *plain, *words], path, f"{name}.log")


class Containerd:
    """Debian's containerd; ctr() runs its client. With CRI, what a kubelet calls is there too, and CONFIG has its tables."""

    def __init__(self, name="containerd", config="", cri=False):
        home = folder(name)
        self.address = socket_path(f"{name}.sock")
        path = os.path.join(home, "config.toml")
        with open(path, "w", encoding="utf-8") as file:
            disabled = "" if cri else 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            file.write(f'version = 2\nroot = "{home}/root"\nstate = "{home}/state"\n{disabled}'
                       f'[grpc]\naddress = "{self.address}"\n{config}')
        self.process = start([peer("containerd"), "-c", path], log=f"{name}.log")
        wait_for(lambda: os.path.exists(self.address) and answers(self.address), "containerd", process=self.process)

    def ctr(self, *words, **options):
        return run([peer("ctr"), "-a", self.address] + list(words), **options)

    def stop(self):
        return stop(self.process)


def podman(name="podman", runtime=None):
    """-> the words of a podman with roots of its own, to which a command is added. Its policy lies in /etc, and conmon
    runs it without the environment that names its libraries: both need the /etc of isolate.py. It takes no --runroot of
    more than 50 bytes."""
    if not os.environ.get(ISOLATED):
        raise Skip("not run by isolate.py: this writes to /etc")
    shutil.copytree(peer_file("etc/containers"), "/etc/containers", dirs_exist_ok=True)
    with open("/etc/ld.so.conf.d/peers.conf", "w", encoding="utf-8") as file:
        file.write("".join(f"{peer_file(path)}\n" for path in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")))
    run(["ldconfig"])
    return on_cgroup2([peer("podman"), "--root", folder(name, "root"), "--runroot", os.path.join(short_folder(), name),
                       "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
                       "--conmon", peer("conmon"), "--runtime", runtime or peer("crun")])
