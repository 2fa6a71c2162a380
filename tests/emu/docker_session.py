# SPDX-License-Identifier: Apache-2.0
# The operations of a first session, by the stock client from this machine; a private registry, which runs here, among them.
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "native"))

BUSYBOX = ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/busybox-static")
DOCKERFILE = """FROM scratch
COPY busybox /bin/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
CMD ["echo", "Hello from Bulkhead!"]
"""
HELLO = "Hello from Bulkhead!"
HOST = "10.0.2.2"  # this machine's loopback, seen from QEMU's user network
USER, PASSWORD = "alice", "s3cret word"
TERMINAL_SECONDS = 30


def expect(got, wanted):
    return [] if got == wanted else [f"got {got}, want {wanted}"]


class Terminal:
    """A command on a terminal of its own"""

    def __init__(self, command, environment, rows, columns):
        self.master, slave = pty.openpty()
        self.text = ""
        self.resize(rows, columns)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self, pattern):
        """Until the output has it; -> is it there?"""
        end = time.monotonic() + TERMINAL_SECONDS
        while not re.search(pattern, self.text):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                return False
            try:
                self.text += os.read(self.master, 4096).decode("utf-8", "replace")
            except OSError:  # all others have closed it
                return bool(re.search(pattern, self.text))
        return True

    def end(self):
        """-> the status of the command"""
        self.wait("(?!)")
        os.close(self.master)
        return self.process.wait(TERMINAL_SECONDS)


def examine_exec(machine):
    shell = Terminal(*machine.docker_command("exec", "-it", "web", "sh"), 33, 111)
    shell.wait("# ")
    shell.type("tty; stty size\r")
    seen = shell.wait(r"/dev/pts/\d+\s+33 111\s")
    shell.resize(20, 50)
    shell.process.send_signal(signal.SIGWINCH)
    shell.type("until stty size | grep '^20 50'; do sleep 0.1; done; exit 7\r")
    yield "docker exec -it: a terminal of this one's size", expect((seen, shell.text[-300:] if not seen else ""), (True, ""))
    resized = shell.wait(r"\n20 50\s")
    yield "docker exec -it: resized; its status", expect((resized, shell.end()), (True, 7))


def examine_run(machine):
    shell = Terminal(*machine.docker_command("run", "-it", "--rm", "hello-world", "sh"), 24, 80)
    shell.wait("# ")
    shell.type("echo $((6 * 7)) $(tty); exit 3\r")
    yield "docker run -it", expect((shell.wait(r"\n42 /dev/pts/0\s") or shell.text[-300:], shell.end()), (True, 3))


def open_registry(build):
    """Debian's, with a login and a certificate for the name by which the engine calls it; -> it, or None where there is none"""
    os.environ["BUILD"] = build
    import services  # pylint: disable=import-outside-toplevel
    import support  # pylint: disable=import-outside-toplevel
    support.empty_folder()
    certificates = os.path.join(support.folder(), "certificates")
    try:
        support.run([support.ours("bh-tls"), "make-certificates", certificates, "--host", HOST])
        registry = services.Registry(user=USER, password=PASSWORD, tls=certificates)
    except support.Skip as why:
        print(f"SKIP ssh: a private registry: {why}")
        return None
    registry.server = f"{HOST}:{registry.port}"
    with open(os.path.join(certificates, "ca.pem"), "rb") as file:
        registry.authority = file.read()
    return registry


def close_registry(registry):
    registry.stop()
    shutil.rmtree(os.path.dirname(registry.process.log), ignore_errors=True)


def examine_registry(machine, registry):
    """As README.md says what to do for a private registry"""
    server, name = registry.server, f"{registry.server}/hello-world:1"

    def login():
        return machine.docker("login", "-u", USER, "--password-stdin", server, given=PASSWORD.encode())
    status, words = login()
    yield "a registry of an unknown authority is refused", expect((status, f"{server}/ca.crt" in words or words), (1, True))
    folder = f"/etc/docker/certs.d/{server}"
    yield "its authority's certificate", expect(machine.ssh(f"mkdir -p {folder} && cat >{folder}/ca.crt", registry.authority), (0, ""))
    status, words = login()
    yield "docker login -u", expect((status, "Login Succeeded" in words or words), (0, True))
    yield "docker tag", expect(machine.docker("tag", "hello-world", name), (0, ""))
    yield "docker push", expect(machine.docker("push", "-q", name), (0, name))
    yield "docker rmi of both names", expect(machine.docker("rmi", "hello-world", name)[0], 0)
    yield "docker pull", expect(machine.docker("pull", "-q", name), (0, name))
    yield "docker rmi of what was pulled", expect(machine.docker("rmi", name)[0], 0)
    status, words = machine.docker("run", "--rm", name)
    yield "docker run of what is pulled first", \
        expect((status, "Unable to find image" in words, words.endswith(HELLO) or words), (0, True, True))
    machine.ssh("echo '--insecure-registry registry.example:5000 # plain' >>/etc/docker/engine.options; kill $(pidof bh-engine)")
    end = time.monotonic() + TERMINAL_SECONDS
    words = ""
    while "registry.example:5000" not in words and time.monotonic() < end:
        words = machine.docker("info", "-f", "{{json .RegistryConfig.IndexConfigs}}")[1]
    yield "an option of the engine's", expect("registry.example:5000" in words or words, True)
    yield "docker logout", expect(machine.docker("logout", server)[0], 0)
    yield "logged out", expect(machine.docker("pull", "-q", name)[0], 1)


def examine(machine, folder):
    context = os.path.join(folder, "context")
    os.mkdir(context)
    shutil.copy(next(path for path in BUSYBOX if os.access(path, os.X_OK)), os.path.join(context, "busybox"))
    with open(os.path.join(context, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write(DOCKERFILE)
    yield "Docker's API wants a certificate", expect(machine.docker("version", keys=False)[0] != 0, True)
    yield "docker build", expect(machine.docker("build", "-t", "hello-world", context)[0], 0)
    yield "docker run", expect(machine.docker("run", "hello-world"), (0, HELLO))
    yield "docker run -d", expect(machine.docker("run", "-d", "--name", "web", "hello-world", "sleep", "1000")[0], 0)
    yield "docker ps", expect(machine.docker("ps", "--format", "{{.Names}} {{.Image}}"), (0, "web hello-world"))
    containers = machine.docker("ps", "-aq")[1].split()
    yield "docker ps -a", expect(len(containers), 2)
    yield "docker inspect", expect(machine.docker("inspect", "-f", "{{.State.Running}}", "web"), (0, "true"))
    yield "docker exec", expect(machine.docker("exec", "web", "sh", "-c", "echo inside >/added; exit 7")[0], 7)
    yield from examine_exec(machine)
    yield from examine_run(machine)
    yield "docker commit", expect(machine.docker("commit", "-m", "one file more", "web", "web:2")[0], 0)
    yield "limits bite", expect(machine.docker("run", "--rm", "-m", "32m", "hello-world", "cat", "/sys/fs/cgroup/memory.max"), (0, "33554432"))
    yield "the same as a process", expect(machine.docker("run", "--rm", "--runtime", "process", "web:2", "cat", "/added"), (0, "inside"))
    yield "docker rm", expect(machine.docker("rm", "-f", *containers)[0], 0)
    yield "docker rmi", expect(machine.docker("rmi", "web:2")[0], 0)
    registry = open_registry(machine.build)
    if registry:
        try:
            yield from examine_registry(machine, registry)
        finally:
            close_registry(registry)
