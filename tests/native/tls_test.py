#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 15
# bh-tls in front of a small engine of this test's own: clients with and without certificates, the stock docker client,
# half-closed connections, slow and idle ones, certificates that are replaced.
import errno
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from support import Skip, check, contains, equal, folder, main, ours, run, socket_path, start, stop, test, wait_for

CERTIFICATES = os.path.join(folder(), "certificates")
CLIENT = os.path.join(CERTIFICATES, "client")
ENGINE = socket_path("engine.sock")
state = {"seen": []}

VERSION = (b'{"Platform":{"Name":"x"},"Components":[],"Version":"27.0","ApiVersion":"1.44","MinAPIVersion":"1.24","GitCommit":"",'
           b'"GoVersion":"","Os":"linux","Arch":"amd64","KernelVersion":"","BuildTime":""}')


class Engine:
    """Answers _ping and version as HTTP. Other first lines: `echo` gives back what comes until its end, then `END` and
    its own end; `flood` writes 4 MB; `half` ends its side at once and tells how much came until the client's end."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(ENGINE)
        self.socket.listen(256)
        self.open = 0
        self.got = None
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            self.open += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client, client.makefile("rb") as reader:
                while self.serve_one(client, reader):
                    pass
        except OSError:
            pass
        finally:
            self.open -= 1

    def serve_one(self, client, reader):
        line = reader.readline()
        if line:
            state["seen"].append(line)
        if line == b"echo\n":
            while data := reader.read1(65536):
                client.sendall(data)
            client.sendall(b"END")
            client.shutdown(socket.SHUT_WR)
            return False
        if line == b"flood\n":
            client.sendall(b"f" * (4 << 20))
            return False
        if line == b"half\n":
            client.shutdown(socket.SHUT_WR)
            total = 0
            while data := reader.read1(65536):
                total += len(data)
            self.got = total
            return False
        if line == b"early\n":
            client.sendall(b"no")
            return False
        if not line:
            return False
        while reader.readline() not in (b"\r\n", b""):
            pass
        body = b"OK" if b"_ping" in line else VERSION
        client.sendall(b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nOstype: linux\r\nContent-Type: application/json\r\n"
                       + b"Content-Length: %d\r\n\r\n" % len(body) + (b"" if line.startswith(b"HEAD") else body))
        return True


def make(path, *options):
    return run([ours("bh-tls"), "make-certificates", path, "--host", "127.0.0.1", "--host", "localhost", *options])


def port():
    with open(state["server"].log, encoding="utf-8") as file:
        return int(file.read().split("listening at 127.0.0.1:")[-1].split()[0])


def serve(*options):
    state["servers"] = state.get("servers", 0) + 1
    state["server"] = start([ours("bh-tls"), "--listen", "127.0.0.1:0", "--to", ENGINE, "--tlscacert", f"{CERTIFICATES}/ca.pem",
                             "--tlscert", f"{CERTIFICATES}/server-cert.pem", "--tlskey", f"{CERTIFICATES}/server-key.pem",
                             *options], log=f"tls{state['servers']}.log")
    wait_for(lambda: "listening" in open(state["server"].log, encoding="utf-8").read(), "the server", process=state["server"])


def context(path=CLIENT, certificate=True, most=None):
    made = ssl.create_default_context(cafile=os.path.join(CLIENT, "ca.pem"))
    if certificate:
        made.load_cert_chain(os.path.join(path, "cert.pem"), os.path.join(path, "key.pem"))
    if most:
        made.maximum_version = most
    return made


def connect(how=None, timeout=10):
    plain = socket.create_connection(("127.0.0.1", port()), timeout)
    return (how or context()).wrap_socket(plain, server_hostname="127.0.0.1")


def is_refused(how):
    """Whether a client with that context gets no word through. With TLS 1.3 it learns so at its first reading."""
    before = len(state["seen"])
    try:
        with connect(how, 5) as client:
            client.sendall(b"GET /_ping HTTP/1.1\r\n\r\n")
            data = client.recv(100)
    except OSError:
        data = b""
    equal(len(state["seen"]), before, "requests that the engine saw")
    return data == b""


def docker(*words, path=CLIENT, ok=True):
    program = shutil.which("docker")
    if not program:
        raise Skip("no docker client here")
    env = {"DOCKER_HOST": f"tcp://127.0.0.1:{port()}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": path}
    return run([program, *words], env=env, ok=ok)


@test("certificates are made, kept and readable by their owner alone")
def certificates():
    contains(make(CERTIFICATES).out, f"DOCKER_CERT_PATH={CERTIFICATES}/client")
    for name in ("ca-key.pem", "server-key.pem", "client/key.pem"):
        equal(os.stat(os.path.join(CERTIFICATES, name)).st_mode & 0o777, 0o600, name)
    with open(f"{CERTIFICATES}/ca.pem", encoding="ascii") as file:
        authority = file.read()
    make(CERTIFICATES)
    with open(f"{CERTIFICATES}/ca.pem", encoding="ascii") as file:
        equal(file.read(), authority, "the authority")
    text = run(["openssl", "x509", "-in", f"{CERTIFICATES}/server-cert.pem", "-noout", "-text"]).out
    for part in ("IP Address:127.0.0.1", "DNS:localhost", "TLS Web Server Authentication", "CA:FALSE"):
        contains(text, part)
    for use, name in (("sslserver", "server-cert.pem"), ("sslclient", "client/cert.pem")):
        contains(run(["openssl", "verify", "-x509_strict", "-purpose", use, "-CAfile", f"{CERTIFICATES}/ca.pem", f"{CERTIFICATES}/{name}"]).out, "OK")
    os.unlink(f"{CERTIFICATES}/ca.pem")
    refused = run([ours("bh-tls"), "make-certificates", CERTIFICATES, "--host", "x"], ok=False)
    equal(refused.status, 1)
    contains(refused.err, "ca-key.pem is there without ca.pem")
    with open(f"{CERTIFICATES}/ca.pem", "w", encoding="ascii") as file:
        file.write(authority)
    equal(run([ours("bh-tls"), "make-certificates", CERTIFICATES], ok=False).status, 2)


@test("the stock docker client gets through")
def stock():
    state["engine"] = Engine()
    serve()
    equal(docker("version", "--format", "{{.Server.Version}}").out.strip(), "27.0")


@test("TLS 1.2 and 1.3, with a certificate; nothing older")
def versions():
    for most, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (None, "TLSv1.3")):
        with connect(context(most=most)) as client:
            equal(client.version(), name)
            client.sendall(b"GET /_ping HTTP/1.1\r\n\r\n")
            contains(client.recv(1000).decode(), "200 OK")
    for old in ("-tls1", "-tls1_1"):
        shown = run(["openssl", "s_client", old, "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{port()}", "-cert", f"{CLIENT}/cert.pem",
                     "-key", f"{CLIENT}/key.pem"], ok=False)
        check(shown.status != 0, f"{old} went through")
    shown = run(["openssl", "s_client", "-tls1_2", "-cipher", "kRSA", "-connect", f"127.0.0.1:{port()}", "-cert", f"{CLIENT}/cert.pem",
                 "-key", f"{CLIENT}/key.pem"], ok=False)
    check(shown.status != 0, "a key exchange without forward secrecy went through")


def openssl_client(name, *options, authority=CERTIFICATES, purpose="clientAuth"):
    """A client's certificate by openssl; -> its folder"""
    path = folder("clients", name)
    with open(f"{path}/extensions", "w", encoding="ascii") as file:
        file.write(f"basicConstraints=CA:FALSE\nextendedKeyUsage={purpose}\n")
    run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
         "-keyout", f"{path}/key.pem", "-out", f"{path}/request.pem"])
    run(["openssl", "x509", "-req", "-in", f"{path}/request.pem", "-CA", f"{authority}/ca.pem", "-CAkey", f"{authority}/ca-key.pem",
         "-extfile", f"{path}/extensions", "-out", f"{path}/cert.pem", *options])
    return path


@test("no certificate, another authority's, an expired one, a server's: refused before the engine hears a word")
def refused():
    other = os.path.join(folder(), "other")
    make(other)
    expired = openssl_client("expired", "-days", "0")
    servers = openssl_client("server", purpose="serverAuth")
    good = openssl_client("good")
    time.sleep(1.1)
    for most in (ssl.TLSVersion.TLSv1_2, None):
        for path in (other + "/client", expired, servers):
            check(is_refused(context(path, most=most)), f"{path} with {most} went through")
        check(is_refused(context(certificate=False, most=most)), f"no certificate with {most} went through")
        with connect(context(good, most=most)) as client:
            client.sendall(b"GET /_ping HTTP/1.1\r\n\r\n")
            contains(client.recv(1000).decode(), "200 OK")
    with open(state["server"].log, encoding="utf-8") as file:
        contains(file.read(), "expired")
    contains(docker("version", path=other + "/client", ok=False).err, "certificate")


@test("what is no TLS is refused: plain HTTP, rubbish, records cut short")
def rubbish():
    for data in (b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(3000), b"\x16\x03\x01\x40\x00" + b"\0" * 200, b"\x16\x03\x01", b"\0" * 20000):
        with socket.create_connection(("127.0.0.1", port()), 5) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while part := client.recv(1000):
                    check(b"HTTP" not in part, "an answer in plain text")
            except (ConnectionResetError, BrokenPipeError):
                pass
            except OSError as error:
                equal(error.errno, errno.ENOTCONN)
    docker("version")


def read_all(client):
    data = b""
    while True:
        try:
            part = client.recv(65536)
        except ssl.SSLEOFError:
            raise AssertionError("the connection was cut: no close_notify") from None
        if not part:
            return data
        data += part


@test("the engine's end reaches the client as close_notify, the client's the engine as end of file")
def half_closed():
    for option in ("-tls1_3", "-tls1_2"):
        shown = run(["openssl", "s_client", option, "-quiet", "-no_ign_eof", "-CAfile", f"{CLIENT}/ca.pem", "-connect", f"127.0.0.1:{port()}",
                     "-cert", f"{CLIENT}/cert.pem", "-key", f"{CLIENT}/key.pem"], stdin="early\n", ok=False)
        check("unexpected eof" not in shown.err, shown.err)
    with connect() as client:
        client.suppress_ragged_eofs = False
        client.sendall(b"early\n")
        equal(read_all(client), b"no")
    wait_for(lambda: state["engine"].open == 0, "the engine's end of file", timeout=5)


@test("what the engine says after the client's end arrives")
def after_end():
    half = os.path.join(folder(), "half_client")
    with open(half + ".c", "w", encoding="ascii") as file:
        file.write(HALF_CLIENT)
    built = subprocess.run(["gcc", "-o", half, half + ".c", "-lgnutls"], stderr=subprocess.PIPE, check=False)
    if built.returncode:
        raise Skip("no compiler with gnutls")
    for priority in ("NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL"):
        shown = subprocess.run([half, str(port()), CLIENT, priority], input=b"echo\n" + b"x" * 100000, stdout=subprocess.PIPE,
                               timeout=20, check=True)
        equal(shown.stdout, b"x" * 100000 + b"END", f"the stream with {priority}")


HALF_CLIENT = r"""
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	static char block[200000];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr = {htonl(0x7f000001)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	gnutls_certificate_credentials_t own;
	gnutls_session_t session;
	char certificate[300], key[300];
	ssize_t count = 0, part;
	snprintf(certificate, 300, "%s/cert.pem", argv[2]);
	snprintf(key, 300, "%s/key.pem", argv[2]);
	gnutls_certificate_allocate_credentials(&own);
	gnutls_certificate_set_x509_key_file(own, certificate, key, GNUTLS_X509_FMT_PEM);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_priority_set_direct(session, argv[3], NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, own);
	gnutls_transport_set_int(session, fd);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) || gnutls_handshake(session) < 0)
		return 1;
	while ((part = read(0, block + count, sizeof(block) - count)) > 0)
		count += part;
	for (ssize_t sent = 0; sent < count; sent += part)
		if ((part = gnutls_record_send(session, block + sent, count - sent)) < 0)
			return 2;
	if (gnutls_bye(session, GNUTLS_SHUT_WR) < 0)
		return 3;
	while ((part = gnutls_record_recv(session, block, sizeof(block))) > 0)
		if (write(1, block, part) != part)
			return 4;
	return part == 0 ? 0 : 5;
}
"""


@test("the engine's own half-close leaves the other direction open")
def engine_half():
    client = connect()
    client.sendall(b"half\n")
    equal(client.recv(100), b"")
    client.sendall(b"z" * 200000)
    client.close()
    wait_for(lambda: state["engine"].got == 200000, "the engine's count", timeout=5)


@test("a client that does not read holds back itself alone, in bounded memory")
def slow_reader():
    slow = [connect() for _ in range(20)]
    for client in slow:
        client.sendall(b"flood\n")
    begin = time.monotonic()
    docker("version")
    check(time.monotonic() - begin < 5, "others had to wait")
    check(resident() < 40000, f"{resident()} kB resident")
    for client in slow:
        total = 0
        while data := client.recv(1 << 20):
            total += len(data)
        equal(total, 4 << 20)
        client.close()


def resident():
    with open(f"/proc/{state['server'].pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


@test("handshakes that are not finished end in time, and do not keep others out")
def slow_handshakes():
    stop(state["server"])
    serve("--handshake-seconds", "1")
    idle = [socket.create_connection(("127.0.0.1", port()), 5) for _ in range(200)]
    for client in idle[:50]:
        client.send(b"\x16\x03\x01")
    docker("version")
    begin = time.monotonic()
    for client in idle:
        client.settimeout(5)
        try:
            equal(client.recv(1), b"")
        except ConnectionResetError:
            pass
        client.close()
    check(time.monotonic() - begin < 4, "ended too late")


@test("1,000 idle connections: others get through; the memory is bounded")
def idle():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = 1000 if most >= 4200 else (most - 200) // 4
    stop(state["server"])
    serve("--connections", str(count + 2))
    before = resident()
    how = context()
    clients = [connect(how, 30) for _ in range(count)]
    wait_for(lambda: state["engine"].open == count, "the connections", timeout=20)
    docker("version")
    each = (resident() - before) / count
    print(f"# {count} idle connections: {each:.1f} kB each")
    check(each < 100, f"{each:.1f} kB for each connection")
    # Beyond the bound they wait, and get their turn.
    waiting = [socket.create_connection(("127.0.0.1", port()), 5) for _ in range(4)]
    for client in clients:
        client.close()
    for client in waiting:
        client.close()
    docker("version")
    with open(f"/proc/{state['server'].pid}/stat", encoding="ascii") as file:
        used = sum(map(int, file.read().split()[13:15]))
    time.sleep(0.5)
    with open(f"/proc/{state['server'].pid}/stat", encoding="ascii") as file:
        check(sum(map(int, file.read().split()[13:15])) - used < 10, "the idle server is busy")


@test("SIGHUP takes new certificates; broken ones leave the old; open connections go on")
def reread():
    client = connect()
    with open(f"{CERTIFICATES}/server-cert.pem", encoding="ascii") as file:
        old = file.read()
    make(CERTIFICATES)
    state["server"].send_signal(signal.SIGHUP)

    def shown():
        with connect() as other:
            return ssl.DER_cert_to_PEM_cert(other.getpeercert(True))
    wait_for(lambda: shown() != old, "the new certificate", timeout=5)
    with open(f"{CERTIFICATES}/server-key.pem", "w", encoding="ascii") as file:
        file.write("rubbish")
    new = shown()
    state["server"].send_signal(signal.SIGHUP)
    wait_for(lambda: "cannot use certificate" in open(state["server"].log, encoding="utf-8").read(), "the complaint", timeout=5)
    equal(shown(), new)
    client.sendall(b"GET /_ping HTTP/1.1\r\n\r\n")
    contains(client.recv(1000).decode(), "200 OK")
    client.close()


@test("without an engine the connection ends, and it is said")
def no_engine():
    os.rename(ENGINE, ENGINE + ".away")
    with connect() as client:
        equal(client.recv(10), b"")
    os.rename(ENGINE + ".away", ENGINE)
    with open(state["server"].log, encoding="utf-8") as file:
        contains(file.read(), "cannot reach the engine")
    docker("version")
    equal(stop(state["server"]), 0)


main(__name__)
