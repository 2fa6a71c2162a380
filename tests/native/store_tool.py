# SPDX-License-Identifier: Apache-2.0
"""Calls bh-image as the engine does, and builds the archives that its tests give it."""
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import time

from support import folder, ours

ROOT = os.path.join(folder(), "root")


def fresh(name):
    """An empty directory below the test's own"""
    path = os.path.join(folder(), name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def fails(kind, *words, **more):
    """The call ends with an error of this kind; its words"""
    try:
        call(*words, **more)
    except Failed as error:
        assert error.kind == kind, f"{error.kind} ({error}), expected {kind}"
        return str(error)
    raise AssertionError(f"did not fail: {words}")


class Failed(Exception):
    def __init__(self, report):
        super().__init__(report.get("error", "ended without a word"))
        self.kind = report.get("kind")


def start(command, *operands, request=None, root=None, stdin=subprocess.DEVNULL,
          stdout=subprocess.DEVNULL, options=()):
    """Popen of bh-image with the request on 4; its report is read from .report (a file)."""
    report_read, report_write = os.pipe()
    request_file = os.memfd_create("request")
    os.write(request_file, json.dumps(request or {}).encode())
    os.lseek(request_file, 0, os.SEEK_SET)

    # dup2 to a high number first: the pipe may itself be 3 or 4.
    def place():
        high_report = 200
        high_request = 201
        os.dup2(report_write, high_report)
        os.dup2(request_file, high_request)
        os.dup2(high_report, 3)
        os.dup2(high_request, 4)
        os.close(high_report)
        os.close(high_request)

    words = [ours("bh-image"), "--root", root or ROOT, *options, command, *operands]
    process = subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                               preexec_fn=place, close_fds=False)
    os.close(report_write)
    os.close(request_file)
    process.report = os.fdopen(report_read, "r", errors="replace")
    return process


def finish(process):
    lines = [json.loads(line) for line in process.report.read().splitlines()]
    process.report.close()
    errors = process.stderr.read().decode(errors="replace")
    process.stderr.close()
    code = process.wait()
    last = lines[-1] if lines else {}
    if code == 0 and "result" in last:
        return last["result"], lines[:-1]
    if code == 1 and "error" in last:
        raise Failed(last)
    raise AssertionError(f"exit {code}, last line {last}, errors {errors[-2000:]}")


def killed(begin, times, noise, longest):
    """Has begin() start a process and kills it, until `times` were killed, each at a random moment. After each it yields whether
    that one was: it may have ended first, and the next is killed sooner. `longest`: what a run takes, in seconds."""
    limit = longest
    while times > 0:
        process = begin()
        moment = noise.uniform(0, limit)
        time.sleep(moment)
        alive = process.poll() is None
        if alive:
            process.kill()
            times -= 1
        limit = longest if alive else moment
        process.wait()
        process.report.close()
        process.stderr.close()
        yield alive


def peak(process):
    """The most memory, in KiB, that the process and each of its children had, by looking often until it ends; and its result.
    (What wait4() tells has this Python's own memory in it, from before exec.) 0 for a build with ASan, whose memory is its own."""
    most = {}
    reader = threading.Thread(target=lambda: setattr(process, "lines", process.report.read()))
    reader.start()
    while process.poll() is None:
        pids = [process.pid]
        try:
            with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
                pids += [int(word) for word in file.read().split()]
        except OSError:
            pass
        for pid in pids:
            try:
                with open(f"/proc/{pid}/status") as file:
                    text = file.read()
            except OSError:
                continue
            if "Name:\tbh-" in text and "VmHWM" in text:
                most[pid] = int(text.split("VmHWM:")[1].split()[0])
        time.sleep(0.002)
    reader.join()
    process.report.close()
    process.stderr.close()
    assert process.returncode == 0 and '"result"' in process.lines, process.lines[-500:]
    with open(ours("bh-image"), "rb") as file:
        return 0 if b"__asan_init" in file.read() else max(most.values())


def call(command, *operands, data=None, lines=False, **more):
    """The result; `data`: bytes or an open file for standard input."""
    if isinstance(data, bytes):
        file = os.memfd_create("data")
        with os.fdopen(os.dup(file), "wb") as out:
            out.write(data)
        os.lseek(file, 0, os.SEEK_SET)
        more["stdin"] = file
    elif data is not None:
        more["stdin"] = data
    process = start(command, *operands, **more)
    if isinstance(data, bytes):
        os.close(more["stdin"])
    result, progress = finish(process)
    return (result, progress) if lines else result


def output(command, *operands, **more):
    """(standard output, result)"""
    with open(os.memfd_create("output"), "w+b") as file:
        result = call(command, *operands, stdout=file, **more)
        file.seek(0)
        return file.read(), result


def tar_of(*entries, form=tarfile.PAX_FORMAT):
    """Each entry: (name, what, {attributes}); what: bytes, 'dir', ('sym', t), ('hard', t), ('chr', a, b), 'fifo'."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for entry in entries:
            name, what = entry[:2]
            info = tarfile.TarInfo(name)
            info.mtime = 1700000000
            info.mode = 0o755 if what == "dir" else 0o644
            content = None
            if isinstance(what, bytes):
                info.size = len(what)
                content = io.BytesIO(what)
            elif what == "dir":
                info.type = tarfile.DIRTYPE
            elif what == "fifo":
                info.type = tarfile.FIFOTYPE
            elif what[0] == "sym":
                info.type, info.linkname = tarfile.SYMTYPE, what[1]
            elif what[0] == "hard":
                info.type, info.linkname = tarfile.LNKTYPE, what[1]
            else:
                info.type = tarfile.CHRTYPE if what[0] == "chr" else tarfile.BLKTYPE
                info.devmajor, info.devminor = what[1], what[2]
            for key, value in (entry[2] if len(entry) > 2 else {}).items():
                setattr(info, key, value)
            tar.addfile(info, content)
    return out.getvalue()


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config_of(layers, config=None):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": config or {},
                       "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]},
                       "history": []}).encode()


def docker_archive(layers, tags=("x:1",), config=None, **lies):
    """docker save's format of one image; `lies` replace members of manifest.json."""
    body = config if config is not None else config_of(layers)
    names = [sha(layer)[7:] + "/layer.tar" for layer in layers]
    manifest = {"Config": sha(body)[7:] + ".json", "RepoTags": list(tags), "Layers": names}
    manifest.update(lies)
    files = dict(zip(names, layers))
    return tar_of(*files.items(), (sha(body)[7:] + ".json", body),
                  ("manifest.json", json.dumps([manifest]).encode()))


def load_layer(layer, root=None, **more):
    """Loads an image of one layer; the path of its diff directory."""
    result = call("load", data=docker_archive([layer]), root=root, **more)
    return diff_dir(result["images"][0]["image"], -1, root)


def diff_dir(image, index=-1, root=None):
    chain = image["layers"][index]["chain"][7:]
    return os.path.join(root or ROOT, "layers", chain, "diff")


def busybox_layer():
    with open(shutil.which("busybox"), "rb") as file:
        binary = file.read()
    links = [(f"bin/{name}", ("sym", "busybox")) for name in ("sh", "ls", "cat", "true")]
    return tar_of(("bin", "dir"), ("bin/busybox", binary, {"mode": 0o755}), *links, ("etc", "dir"),
                  ("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n"), ("tmp", "dir", {"mode": 0o1777}))
