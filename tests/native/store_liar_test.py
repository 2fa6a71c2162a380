# SPDX-License-Identifier: Apache-2.0
# Seconds: 14
# bh-image against a registry that lies, stalls, breaks off, redirects and asks for tokens: a small server that does
# what each test wants.
import base64
import http.server
import json
import os
import random
import re
import shutil
import signal
import ssl
import threading
import time

from store_tool import busybox_layer, call, config_of, diff_dir, fails, finish, fresh, killed, peak, sha, start, tar_of
from support import Skip, folder, main, run, test

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
QUICK = ["--stall", "2"]


def descriptor(data, media, **lies):
    return {"mediaType": media, "digest": sha(data), "size": len(data), **lies}


class Liar:
    """One image, x:1, of two layers. `rules`: path's regular expression -> function(handler, body); None: as it should be."""

    def __init__(self, layers=None, **lies):
        self.layers = layers or [busybox_layer(), tar_of(("etc/two", os.urandom(300000)))]
        self.config = lies.get("config") or config_of(self.layers)
        media = "application/vnd.oci.image.layer.v1.tar"
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": descriptor(self.config, "application/vnd.oci.image.config.v1+json"),
                    "layers": [descriptor(layer, media, **lies.get("layer", {})) for layer in self.layers]}
        manifest.update(lies.get("manifest", {}))
        self.manifest = json.dumps(manifest).encode()
        self.blobs = {sha(data): data for data in (*self.layers, self.config)}
        self.manifests = {"1": self.manifest, sha(self.manifest): self.manifest}
        self.rules, self.seen, self.ranges = {}, [], []
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *words):
                pass

            def do_GET(self):
                liar.seen.append((self.command, self.path, dict(self.headers)))
                for pattern, rule in liar.rules.items():
                    if re.search(pattern, self.path):
                        rule(self)
                        return
                liar.answer(self)

            do_POST = do_HEAD = do_PUT = do_PATCH = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 50

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.name = f"127.0.0.1:{self.server.server_address[1]}"
        self.ref = f"{self.name}/x:1"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def send(self, handler, status, body=b"", **headers):
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def answer(self, handler):
        kind, _, name = handler.path.rpartition("/")
        if handler.path == "/v2/":
            self.send(handler, 200, b"{}")
        elif kind.endswith("/manifests") and name in self.manifests:
            body = self.manifests[name]
            self.send(handler, 200, body, Content_Type=json.loads(body)["mediaType"], Docker_Content_Digest=sha(body))
        elif kind.endswith("/blobs") and name in self.blobs:
            body = self.blobs[name]
            asked = re.match(r"bytes=(\d+)-$", handler.headers.get("Range", ""))
            if asked:
                first = int(asked[1])
                self.ranges.append(first)
                self.send(handler, 206, body[first:], Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}")
            else:
                self.send(handler, 200, body)
        else:
            self.send(handler, 404, b'{"errors":[{"code":"NAME_UNKNOWN","message":"no \\u001b[31msuch thing"}]}')

    def use_tls(self, folder_of_keys):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder_of_keys + "/cert.pem", folder_of_keys + "/key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def pull(liar, **more):
    return call("pull", liar.ref, root=more.pop("root", None) or fresh("liar"), options=more.pop("options", QUICK), **more)


def nothing_visible():
    root = os.path.join(folder(), "liar")
    assert os.listdir(root + "/layers") == [], "a layer is visible"
    call("verify", root=root)


@test("an honest pull from the test's own server")
def honest():
    liar = Liar()
    assert pull(liar)["new"] is True
    liar.close()


@test("wrong digests: blob, config, manifest by digest, header")
def digests():
    for which in range(3):
        liar = Liar()
        victim = sha((*liar.layers, liar.config)[which])
        body = bytearray(liar.blobs[victim])
        body[len(body) // 2] ^= 1
        liar.blobs[victim] = bytes(body)
        fails("digest", "pull", liar.ref, root=fresh("liar"), options=QUICK)
        nothing_visible()
        liar.close()
    liar = Liar()
    wanted = sha(b"something else")
    liar.manifests[wanted] = liar.manifest
    liar.rules["manifests/sha256"] = lambda h: liar.send(h, 200, liar.manifest, Content_Type=MANIFEST)
    fails("digest", "pull", f"{liar.name}/x@{wanted}", root=fresh("liar"))
    liar.rules = {"manifests/1": lambda h: liar.send(h, 200, liar.manifest, Content_Type=MANIFEST, Docker_Content_Digest=wanted)}
    fails("digest", "pull", liar.ref, root=fresh("liar"))
    liar.close()
    # The config names other layers than the manifest has.
    liar = Liar(config=config_of([b"a", b"b"]))
    fails("digest", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    nothing_visible()
    liar.close()


@test("wrong sizes: more, less, absurd, endless")
def sizes():
    for lie, kind in (({"size": 5}, "digest"), ({"size": 1 << 40}, "bad-input"), ({"size": -1}, "bad-input"), ({"size": "x"}, "bad-input")):
        liar = Liar(layer=lie)
        fails(kind, "pull", liar.ref, root=fresh("liar"), options=QUICK)
        nothing_visible()
        liar.close()
    liar = Liar()
    liar.rules["blobs/" + sha(liar.layers[1])] = lambda h: liar.send(h, 200, liar.layers[1][:1000])
    fails("digest", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    liar.close()

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b" " * 65536)
    for which, kind in (("manifests", "unavailable"), ("/v2/$", "unavailable"), ("layer", "digest")):
        liar = Liar()
        liar.rules["blobs/" + sha(liar.layers[0]) if which == "layer" else which] = endless
        fails(kind, "pull", liar.ref, root=fresh("liar"), options=QUICK)
        liar.close()
    liar = Liar()
    liar.rules["/v2/$"] = lambda h: [h.send_response(200)] + [h.send_header(f"X-{i}", "y" * 1000) for i in range(500)] + [h.end_headers()]
    fails("unavailable", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    liar.close()


@test("manifests that are none")
def manifests():
    for lie, kind in (({"schemaVersion": 1}, "bad-input"), ({"layers": None}, "bad-input"), ({"layers": [{}]}, "bad-input"),
                      ({"config": []}, "bad-input"), ({"mediaType": "text/x"}, "bad-input"), ({"layers": []}, "bad-input"),
                      ({"layers": [descriptor(b"x", "application/vnd.cncf.helm.chart")]}, "bad-input")):
        liar = Liar(manifest=lie)
        fails(kind, "pull", liar.ref, root=fresh("liar"), options=QUICK)
        liar.close()
    liar = Liar()
    for body in (b"", b"null", b"[]", b"{", b"[" * 200000, b'"x"', b"\xff\xfe"):
        liar.rules["manifests"] = lambda h, body=body: liar.send(h, 200, body, Content_Type=MANIFEST)
        fails("bad-input", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    liar.rules = {}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        descriptor(b"other", MANIFEST, platform={"os": "linux", "architecture": "s390x"}),
        descriptor(liar.manifest, MANIFEST, platform={"os": "linux", "architecture": "amd64"})]}
    liar.manifests["1"] = json.dumps(index).encode()
    image = pull(liar)["image"]
    assert image["digest"] == sha(liar.manifests["1"]) and image["manifest"] == sha(liar.manifest)
    fails("not-found", "pull", liar.ref, root=fresh("liar"), request={"platform": "linux/arm64"})
    liar.manifests["1"] = json.dumps({**index, "manifests": [descriptor(json.dumps(index).encode(), INDEX, platform={
        "os": "linux", "architecture": "amd64"})]}).encode()
    liar.manifests[sha(json.dumps(index).encode())] = json.dumps(index).encode()
    fails("bad-input", "pull", liar.ref, root=fresh("liar"))
    liar.close()


@test("a registry that stalls is given up, and says so")
def stalls():
    def stall(handler):
        time.sleep(20)
    liar = Liar()
    liar.rules["manifests"] = stall
    begin = time.monotonic()
    words = fails("unavailable", "pull", liar.ref, root=fresh("liar"), options=["--stall", "1"])
    assert time.monotonic() - begin < 10 and liar.name in words
    liar.close()


@test("what breaks off goes on where it was, in this pull and the next")
def resumed():
    liar = Liar()
    big = max(liar.layers, key=len)
    broken = []

    def break_off(handler, part=400000, times=2):
        asked = re.match(r"bytes=(\d+)-$", handler.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        if len(broken) >= times:
            liar.answer(handler)
            return
        broken.append(first)
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Length", str(len(big) - first))
        if asked:
            handler.send_header("Content-Range", f"bytes {first}-{len(big) - 1}/{len(big)}")
        handler.end_headers()
        handler.wfile.write(big[first:first + part])
        handler.close_connection = True
    liar.rules["blobs/" + sha(big)] = break_off
    pull(liar)
    assert broken == [0, 400000] and liar.ranges == [800000], (broken, liar.ranges)
    # Killed while it waits; the next pull asks for the rest alone.
    root = fresh("liar")
    broken.clear()
    liar.ranges.clear()
    release = threading.Event()

    def hold(handler):
        if not broken:
            break_off(handler, 700000, 1)
            handler.wfile.flush()
        else:
            release.wait(20)
    liar.rules["blobs/" + sha(big)] = hold
    process = start("pull", liar.ref, root=root, options=QUICK)
    partial = os.path.join(root, "tmp", "partial-" + sha(big)[7:])
    end = time.monotonic() + 15
    while not (os.path.exists(partial) and os.path.getsize(partial) == 700000):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.report.close()
    process.stderr.close()
    release.set()
    time.sleep(0.2)
    liar.rules.clear()
    call("pull", liar.ref, root=root, options=QUICK)
    assert liar.ranges == [700000], liar.ranges
    call("verify", root=root)
    # A part that is wrong is not trusted.
    root = fresh("liar")
    os.makedirs(root + "/tmp")
    with open(partial, "wb") as file:
        file.write(b"?" * 700000)
    liar.ranges.clear()
    call("pull", liar.ref, root=root, options=QUICK)
    assert liar.ranges == [700000]
    call("verify", root=root)
    # Nor a server that sends another part.
    liar.rules["blobs/" + sha(big)] = lambda h: liar.send(h, 206, big[:10], Content_Range=f"bytes 0-9/{len(big)}")
    root = fresh("liar")
    os.makedirs(root + "/tmp")
    with open(partial, "wb") as file:
        file.write(big[:1000])
    fails("digest", "pull", liar.ref, root=root, options=QUICK)
    liar.close()


@test("redirects: followed, few, no login for strangers, never from https to http")
def redirects():
    liar, other = Liar(), Liar()
    other.blobs.update(liar.blobs)
    liar.rules["blobs/"] = lambda h: liar.send(h, 307, Location=f"http://{other.name}{h.path}")
    liar.rules["/v2/$"] = lambda h: liar.send(h, 200 if "Authorization" in h.headers else 401, WWW_Authenticate='Basic realm="x"')
    pull(liar, request={"auth": {"username": "u", "password": "p"}})
    assert any("Authorization" in headers for _, path, headers in liar.seen if "manifests" in path)
    assert other.seen and not any("Authorization" in headers for _, _, headers in other.seen)
    liar.rules = {"manifests": lambda h: liar.send(h, 302, Location=h.path)}
    fails("unavailable", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    for place in ("file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x"):
        liar.rules = {"manifests": lambda h, place=place: liar.send(h, 302, Location=place)}
        fails("unavailable", "pull", liar.ref, root=fresh("liar"), options=QUICK)
    liar.close()
    other.close()


@test("tokens: scope, Basic to the realm, refresh token, a token that has run out")
def tokens():
    liar = Liar()
    state = {"valid": None, "given": 0, "asked": []}

    def realm(handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        state["asked"].append((handler.command, handler.path, body, handler.headers.get("Authorization")))
        basic = "Basic " + base64.b64encode(b"u:p").decode()
        if handler.headers.get("Authorization") != basic and "refresh_token=again" not in body:
            liar.send(handler, 401, b"{}")
            return
        state["given"] += 1
        state["valid"] = f"token{state['given']}"
        liar.send(handler, 200, json.dumps({"token": state["valid"], "refresh_token": "again"}).encode())

    def guarded(handler):
        if handler.headers.get("Authorization") == f"Bearer {state['valid']}":
            liar.answer(handler)
        else:
            liar.send(handler, 401, WWW_Authenticate=f'Bearer realm="http://{liar.name}/token",service="s, \\"x\\"",scope="a"')
    liar.rules = {"/token": realm, "/v2/": guarded}
    pull(liar, request={"auth": {"username": "u", "password": "p"}})
    assert "scope=repository%3Ax%3Apull" in state["asked"][0][1] and "service=s%2C%20%22x%22" in state["asked"][0][1]
    pull(liar, request={"auth": {"identitytoken": "again"}})
    assert state["asked"][-1][0] == "POST" and "grant_type=refresh_token" in state["asked"][-1][2]
    fails("login", "pull", liar.ref, root=fresh("liar"), request={"auth": {"username": "u", "password": "no"}})
    fails("login", "pull", liar.ref, root=fresh("liar"))
    result = call("login", liar.name, request={"auth": {"username": "u", "password": "p"}})
    assert result == {"status": "Login Succeeded", "identitytoken": "again"}
    # It runs out between manifest and blobs.

    def runs_out(handler):
        if not state.get("once"):
            state["once"] = True
            state["valid"] = "another"
        guarded(handler)
    liar.rules = {"/token": realm, "blobs/": runs_out, "/v2/": guarded}
    pull(liar, request={"auth": {"username": "u", "password": "p"}})
    for header in ("Bearer", 'Bearer realm="', 'Bearer realm="ftp://x/"', "Basic, " * 500, "x" * 5000, 'Bearer realm="' + "y" * 3000 + '"'):
        liar.rules = {"/v2/": lambda h, header=header: liar.send(h, 401, WWW_Authenticate=header)}
        process = start("pull", liar.ref, root=fresh("liar"), options=QUICK)
        report = process.report.read()
        assert process.wait() == 1 and '"error"' in report, (header[:50], report)
        process.report.close()
        process.stderr.close()
    liar.close()


@test("errors have the registry's words, without its control characters")
def words():
    liar = Liar()
    text = fails("not-found", "pull", f"{liar.name}/x:none", root=fresh("liar"))
    assert "such thing" in text and "\x1b" not in text
    liar.rules["manifests"] = lambda h: liar.send(h, 403, b"{}")
    fails("denied", "pull", liar.ref, root=fresh("liar"))
    for status in (429, 500, 503):
        liar.rules["manifests"] = lambda h, status=status: liar.send(h, status, b"<html>")
        fails("unavailable", "pull", liar.ref, root=fresh("liar"))
    liar.close()


@test("https for all but loopback: certificates are checked, plain HTTP is refused")
def https():
    if not shutil.which("openssl"):
        raise Skip("no openssl to make a certificate with")
    keys = fresh("keys")
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=registry.test", "-addext", "subjectAltName=DNS:registry.test", "-keyout", keys + "/key.pem", "-out", keys + "/cert.pem"])
    with open("/etc/hosts", "a") as file:
        file.write("127.0.0.1 registry.test other.test\n")
    plain, secure = Liar(), Liar([tar_of((f"f{n}", os.urandom(2 << 20))) for n in range(4)])
    secure.use_tls(keys)

    def at(liar, host="registry.test"):
        return f"{host}:{liar.name.split(':')[1]}/x:1"
    fails("unavailable", "pull", at(plain), root=fresh("liar"), options=QUICK)
    assert not plain.seen, "it spoke plain HTTP"
    assert "pull" and call("pull", at(plain), root=fresh("liar"), options=QUICK, request={"insecure": True})["new"]
    assert "certificate" in fails("unavailable", "pull", at(secure), root=fresh("liar"), options=QUICK).lower()
    trust = fresh("trust")
    for host in ("registry.test", "other.test"):
        os.makedirs(f"{trust}/{at(secure, host).split('/')[0]}")
        shutil.copy(keys + "/cert.pem", f"{trust}/{at(secure, host).split('/')[0]}/ca.crt")
    trusting = [*QUICK, "--certificates", trust]
    assert call("pull", at(secure), root=fresh("liar"), options=trusting)["new"]
    with open(f"{trust}/{at(secure).split('/')[0]}/ca.crt", "a") as file, open("/etc/ssl/certs/ca-certificates.crt") as bundle:
        file.write(bundle.read())  # all that a public registry would need
    most = peak(start("pull", at(secure), root=fresh("liar"), options=trusting))
    assert most < 32 << 10, f"{most} KiB"  # three connections, each with all authorities
    fails("unavailable", "pull", at(secure, "other.test"), root=fresh("liar"), options=trusting)  # another name than the certificate's
    plain.seen.clear()
    secure.rules["blobs/"] = lambda h: secure.send(h, 307, Location=f"http://{at(plain).split('/')[0]}{h.path}")
    fails("unavailable", "pull", at(secure), root=fresh("liar"), options=trusting)
    secure.rules = {"/v2/": lambda h: secure.send(h, 401, WWW_Authenticate=f'Bearer realm="http://{plain.name}/token"')}
    fails("unavailable", "pull", at(secure), root=fresh("liar"), options=trusting, request={"auth": {"username": "u", "password": "p"}})
    assert not plain.seen, plain.seen
    url = {"to": fresh("fetched"), "urls": [f"https://{at(secure)}"]}
    assert "certificate" in fails("unavailable", "fetch", request=url, options=QUICK).lower()
    with open(keys + "/cert.pem") as file, open("/etc/ssl/certs/ca-certificates.crt", "a") as bundle:
        bundle.write(file.read())
    secure.rules = {"/x:1": lambda h: secure.send(h, 200, b"x")}
    assert call("fetch", request={**url, "to": fresh("fetched")}, options=QUICK)["files"] == ["0/x:1"]
    secure.rules = {"/x:1": lambda h: secure.send(h, 302, Location=f"http://{at(plain)}")}
    fails("unavailable", "fetch", request={**url, "to": fresh("fetched")}, options=QUICK)
    assert not plain.seen, plain.seen
    plain.close()
    secure.close()


@test("pulls of one image at the same time do not meet")
def together():
    liar = Liar()
    root = fresh("liar")
    processes = [start("pull", liar.ref, root=root, options=QUICK) for _ in range(4)]
    images = [finish(process)[0]["image"] for process in processes]
    assert all(image == images[0] for image in images)
    call("verify", root=root)
    assert [name for name in os.listdir(root + "/tmp")] == []
    liar.close()


@test("kill -9 at any moment of pull: what is visible is whole, and the next pull completes it")
def kills():
    layers = [tar_of(*[(f"{n}/{i}", os.urandom(2000)) for i in range(100)]) for n in range(4)]
    liar = Liar(layers)
    begin = time.monotonic()
    pull(liar)
    whole = time.monotonic() - begin
    root = fresh("killed")
    for _ in killed(lambda: start("pull", liar.ref, root=root, options=QUICK), 8, random.Random(3), whole):
        call("verify", root=root)
        if os.listdir(root + "/layers"):
            root = fresh("killed")
    image = call("pull", liar.ref, root=root, options=QUICK)["image"]
    call("verify", root=root)
    assert os.path.exists(diff_dir(image, 3, root) + "/3/99")
    liar.close()


@test("tags and search: page by page, and no further than there are pages, on this registry, of names that are some")
def listing():
    liar = Liar()

    def pages(handler):
        number = int(handler.path.rpartition("=")[2]) if "=" in handler.path else 0
        link = {"Link": f'<{kind(number)}>; rel="next"'} if number < last else {}
        liar.send(handler, 200, json.dumps({"tags": [f"{number}.0"], "repositories": [f"team/x{number}"]}).encode(), **link)

    def kind(number):
        return f"/v2/{'_catalog' if name == 'search' else 'x/tags/list'}?last={number + 1}"
    liar.rules = {"tags/list": pages, "_catalog": pages}
    last, name = 3, "tags"
    assert call("tags", f"{liar.name}/x", options=QUICK)["tags"] == ["0.0", "1.0", "2.0", "3.0"]
    name = "search"
    assert call("search", f"{liar.name}/X2", options=QUICK)["names"] == ["team/x2"]
    assert len(call("search", liar.name, options=QUICK)["names"]) == 4
    last, name = 1 << 30, "tags"
    assert "no end" in fails("bad-input", "tags", f"{liar.name}/x", options=QUICK)
    other = Liar()
    for link, body, why in ((f"<http://{other.name}/v2/x/tags/list>; rel=next", {"tags": []}, None),
                            (f'<http://{other.name}/v2/x/tags/list>; rel="next"', {"tags": []}, "elsewhere"),
                            ("", {"tags": ["../1"]}, "no tag"), ("", {"tags": ["a\n"]}, "no tag"), ("", ["a"], None), ("", {"tags": [7, None]}, None)):
        liar.rules = {"tags/list": lambda h: liar.send(h, 200, json.dumps(body).encode(), Link=link)}
        if why:
            assert why in fails("bad-input", "tags", f"{liar.name}/x", options=QUICK), (link, body)
        else:
            assert call("tags", f"{liar.name}/x", options=QUICK)["tags"] == [], (link, body)
    liar.rules = {"tags/list": lambda h: liar.send(h, 200, b"{")}
    fails("bad-input", "tags", f"{liar.name}/x", options=QUICK)
    fails("bad-input", "search", "../x", options=QUICK)
    assert not other.seen
    liar.close()
    other.close()


@test("fetch of ADD: name, mode, time, checksum; a server that floods, stalls, breaks off, redirects for ever is given up")
def fetch():
    liar = Liar()
    root = f"http://{liar.name}"
    body = os.urandom(300000)

    def flood(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)

    def trickle(handler):
        liar.send(handler, 200, b"", Content_Length="1000")
        for _ in range(60):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    def cut(handler):
        liar.send(handler, 200, b"short", Content_Length="1000")
        handler.close_connection = True
    liar.rules = {"^/file.bin": lambda h: liar.send(h, 200, body, Last_Modified="Fri, 01 Mar 2019 10:00:00 GMT"),
                  "^/plain/": lambda h: liar.send(h, 200, b"p"), "^/flood": flood, "^/trickle": trickle, "^/cut": cut,
                  "^/once": lambda h: liar.send(h, 302, Location="/file.bin"), "^/loop": lambda h: liar.send(h, 302, Location="/loop"),
                  "^/local": lambda h: liar.send(h, 302, Location="file:///etc/passwd"),
                  "^/header": lambda h: liar.send(h, 200, b"x", **{f"X{i}": "y" * 4000 for i in range(40)})}

    def get(*paths, options=("--stall", "1", "--max-bytes", "10000000"), **request):
        place = fresh("fetched")
        files = call("fetch", options=options, request={"to": place, "urls": [root + path for path in paths], **request})["files"]
        return [os.path.join(place, name) for name in files]

    def refuses(kind, path, **request):
        return fails(kind, "fetch", options=("--stall", "1", "--max-bytes", "10000000"),
                     request={"to": fresh("fetched"), "urls": [path if "://" in path else root + path], **request})
    first, second = get("/file.bin?x=/y", "/plain/a%20b")
    status = os.stat(first)
    with open(first, "rb") as file:
        assert file.read() == body
    assert (first[-11:], second[-6:]) == ("/0/file.bin", "/1/a b") and (status.st_mode & 0o7777, status.st_mtime) == (0o600, 1551434400)
    assert os.stat(second).st_mtime == 0
    assert os.stat(get("/once", checksum=sha(body))[0]).st_size == len(body)
    assert get("/plain/")[0].endswith("/0/unnamed") and get("/plain/..%2f..%2fx")[0].endswith("/0/x")
    assert "file name" in refuses("bad-input", "/plain/", needs_name=True)
    assert sha(body) in refuses("digest", "/file.bin", checksum=sha(b"else"))
    refuses("bad-input", "/file.bin", checksum="md5:1")
    assert "more than 10000000 bytes" in refuses("bad-input", "/flood")
    begin = time.monotonic()
    refuses("unavailable", "/trickle")
    assert time.monotonic() - begin < 4, "a trickle held it up"
    for path in ("/cut", "/loop", "/local", "/header", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x"):
        refuses("unavailable", path)
    assert "404" in refuses("not-found", "/none")
    liar.close()


main(__name__)
