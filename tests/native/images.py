# SPDX-License-Identifier: Apache-2.0
# Root file systems, bundles and images of busybox-static, without network.
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

from support import TREE, Skip

PLACES = ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/busybox-static")
FOLDERS = ("bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr/bin", "var/log")
FILES = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
         "etc/group": "root:x:0:\nuser:x:1000:\n"}
NAMESPACES = ("pid", "mount", "uts", "ipc", "network")
CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE",
                "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE", "CAP_NET_RAW"]


def busybox():
    """The path of a static busybox"""
    for path in PLACES:
        if os.access(path, os.X_OK):
            return path
    raise Skip("no static busybox here")


def applets():
    text = subprocess.run([busybox(), "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [name for name in text.split() if name != "busybox"]


def make_rootfs(path, names=None):
    """A root file system with busybox and its applets (or those of NAMES); -> PATH"""
    for name in FOLDERS:
        os.makedirs(os.path.join(path, name), exist_ok=True)
    os.chmod(os.path.join(path, "tmp"), 0o1777)
    shutil.copy(busybox(), os.path.join(path, "bin/busybox"))
    for name in names or applets():
        if not os.path.lexists(os.path.join(path, "bin", name)):
            os.symlink("busybox", os.path.join(path, "bin", name))
    for name, text in FILES.items():
        with open(os.path.join(path, name), "w", encoding="utf-8") as file:
            file.write(text)
    return path


def mounts():
    def row(where, kind, source, *options):
        return {"destination": where, "type": kind, "source": source, "options": list(options)}
    return [row("/proc", "proc", "proc"),
            row("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            row("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
            row("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            row("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro")]


def make_config(words, root="rootfs", tty=False):
    """A config.json, as a dictionary to change at will: Docker's capabilities, five new namespaces, no limits"""
    sets = {name: CAPABILITIES for name in ("bounding", "effective", "permitted")}
    process = {"terminal": tty, "user": {"uid": 0, "gid": 0}, "args": words, "cwd": "/", "capabilities": sets,
               "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "noNewPrivileges": True}
    return {"ociVersion": "1.0.2", "process": process, "root": {"path": root, "readonly": False}, "hostname": "test",
            "mounts": mounts(), "linux": {"namespaces": [{"type": kind} for kind in NAMESPACES]}}


def default_seccomp():
    """The default profile as the engine hands it down, without the entries for capabilities"""
    with open(os.path.join(TREE, "guest", "runtime", "seccomp.json"), encoding="utf-8") as file:
        profile = json.load(file)
    rules = [{key: rule[key] for key in ("names", "action", "errnoRet", "args") if key in rule}
             for rule in profile["syscalls"] if "caps" not in rule.get("includes", {})]
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path


def make_bundle(path, words, change=None):
    """A bundle that runs WORDS; CHANGE is handed its configuration before it is written; -> PATH"""
    make_rootfs(os.path.join(path, "rootfs"))
    config = make_config(words)
    if change:
        change(config)
    write_json(os.path.join(path, "config.json"), config)
    return path


# --- images -------------------------------------------------------------------------------------
def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(folder):
    """The tar of what is in FOLDER, the same bytes each time"""
    def plain(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(os.listdir(folder)):
            tar.add(os.path.join(folder, name), name, filter=plain)
    return buffer.getvalue()


def tar_with(members):
    """A tar of MEMBERS, rows of (name, bytes, or a TarInfo to take as it is, with its bytes): also what no tar program makes"""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in members:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(data or b"")
            tar.addfile(entry, io.BytesIO(data or b""))
    return buffer.getvalue()


def image_config(layers, words=("/bin/sh",), config=None):
    """An image's configuration for LAYERS, their tars"""
    return {"architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": list(words), "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], **(config or {})},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "test"} for _ in layers]}


def docker_archive(tag, layers, words=("/bin/sh",), config=None):
    """What `docker load` takes, as bytes: an image TAG with LAYERS"""
    configuration = json.dumps(image_config(layers, words, config)).encode()
    name = digest(configuration)[7:] + ".json"
    paths = [digest(layer)[7:] + "/layer.tar" for layer in layers]
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": paths}]).encode()
    return tar_with([(name, configuration)] + list(zip(paths, layers)) + [("manifest.json", manifest)])


def gzip_fast(data):
    return gzip.compress(data, 1)


def oci_blobs(layers, words=("/bin/sh",), config=None, pack=gzip_fast, kind="tar+gzip"):
    """An OCI image of LAYERS; -> its manifest's bytes, {digest: bytes} of its blobs"""
    blobs = {}

    def keep(data, media):
        blobs[digest(data)] = data
        return {"mediaType": f"application/vnd.oci.image.{media}", "digest": digest(data), "size": len(data)}
    rows = [keep(pack(layer), f"layer.v1.{kind}") for layer in layers]
    described = keep(json.dumps(image_config(layers, words, config)).encode(), "config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": described, "layers": rows}
    return json.dumps(manifest).encode(), blobs


def oci_archive(tag, layers, words=("/bin/sh",), config=None):
    """An OCI image layout with one image, as a tar's bytes"""
    manifest, blobs = oci_blobs(layers, words, config)
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
        "annotations": {"io.containerd.image.name": tag, "org.opencontainers.image.ref.name": tag.rpartition(":")[2]}}]}
    rows = [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", json.dumps(index).encode())]
    blobs[digest(manifest)] = manifest
    return tar_with(rows + [("blobs/" + name.replace(":", "/"), data) for name, data in blobs.items()])
