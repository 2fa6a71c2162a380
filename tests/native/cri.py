#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What a kubelet says to containerd: the Container Runtime Interface (k8s.io/cri-api, runtime.v1, of which the messages
# below are the part that a pod's life needs), as gRPC, which curl carries over HTTP/2 to a Unix socket.
#
#     cri.py request METHOD [JSON] >FILE       the bytes that curl --data-binary sends
#     cri.py reply METHOD <FILE                what curl received, as JSON
#     cri.py call SOCKET METHOD [JSON]         both; the path of a call is what `cri.py path METHOD` says
#
# JSON holds fields by their names in api.proto, enumerations by name, bytes as text. A status is in the trailers:
# grpc-status (0 is good) and grpc-message. IDs are 64 characters in all of containerd, so that bytes made for one ID
# serve another when it is put in its place, and the last 64 bytes of a reply to RunPodSandbox or CreateContainer are one.
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import urllib.parse

# Message: field type number; * repeated, map: of strings. Types: string, bytes, int (a varint), bool, an enumeration
# or a message.
MESSAGES = """
VersionRequest: version string 1
VersionResponse: version string 1, runtime_name string 2, runtime_version string 3, runtime_api_version string 4
StatusRequest: verbose bool 1
StatusResponse: status RuntimeStatus 1, info map 2
RuntimeStatus: conditions *RuntimeCondition 1
RuntimeCondition: type string 1, status bool 2, reason string 3, message string 4

RunPodSandboxRequest: config PodSandboxConfig 1, runtime_handler string 2
RunPodSandboxResponse: pod_sandbox_id string 1
StopPodSandboxRequest: pod_sandbox_id string 1
StopPodSandboxResponse:
RemovePodSandboxRequest: pod_sandbox_id string 1
RemovePodSandboxResponse:
PodSandboxStatusRequest: pod_sandbox_id string 1, verbose bool 2
PodSandboxStatusResponse: status PodSandboxStatus 1, info map 2
ListPodSandboxRequest: filter PodSandboxFilter 1
ListPodSandboxResponse: items *PodSandbox 1
PodSandboxConfig: metadata PodSandboxMetadata 1, hostname string 2, log_directory string 3, dns_config DNSConfig 4,
 port_mappings *PortMapping 5, labels map 6, annotations map 7, linux LinuxPodSandboxConfig 8
PodSandboxMetadata: name string 1, uid string 2, namespace string 3, attempt int 4
DNSConfig: servers *string 1, searches *string 2, options *string 3
PortMapping: protocol Protocol 1, container_port int 2, host_port int 3, host_ip string 4
LinuxPodSandboxConfig: cgroup_parent string 1, security_context LinuxSandboxSecurityContext 2, sysctls map 3,
 overhead LinuxContainerResources 4, resources LinuxContainerResources 5
LinuxSandboxSecurityContext: namespace_options NamespaceOption 1, run_as_user Int64Value 3, readonly_rootfs bool 4,
 supplemental_groups *int 5, privileged bool 6, run_as_group Int64Value 8, seccomp SecurityProfile 9
NamespaceOption: network NamespaceMode 1, pid NamespaceMode 2, ipc NamespaceMode 3, target_id string 4
Int64Value: value int 1
SecurityProfile: profile_type ProfileType 1, localhost_ref string 2
PodSandboxStatus: id string 1, metadata PodSandboxMetadata 2, state PodSandboxState 3, created_at int 4,
 network PodSandboxNetworkStatus 5, linux LinuxPodSandboxStatus 6, labels map 7, annotations map 8, runtime_handler string 9
PodSandboxNetworkStatus: ip string 1, additional_ips *PodIP 2
PodIP: ip string 1
LinuxPodSandboxStatus: namespaces Namespace 1
Namespace: options NamespaceOption 2
PodSandboxFilter: id string 1, state PodSandboxStateValue 2, label_selector map 3
PodSandboxStateValue: state PodSandboxState 1
PodSandbox: id string 1, metadata PodSandboxMetadata 2, state PodSandboxState 3, created_at int 4, labels map 5,
 annotations map 6, runtime_handler string 7

CreateContainerRequest: pod_sandbox_id string 1, config ContainerConfig 2, sandbox_config PodSandboxConfig 3
CreateContainerResponse: container_id string 1
StartContainerRequest: container_id string 1
StartContainerResponse:
StopContainerRequest: container_id string 1, timeout int 2
StopContainerResponse:
RemoveContainerRequest: container_id string 1
RemoveContainerResponse:
ListContainersRequest: filter ContainerFilter 1
ListContainersResponse: containers *Container 1
ContainerStatusRequest: container_id string 1, verbose bool 2
ContainerStatusResponse: status ContainerStatus 1, info map 2
UpdateContainerResourcesRequest: container_id string 1, linux LinuxContainerResources 2
UpdateContainerResourcesResponse:
ReopenContainerLogRequest: container_id string 1
ReopenContainerLogResponse:
ExecRequest: container_id string 1, cmd *string 2, tty bool 3, stdin bool 4, stdout bool 5, stderr bool 6
ExecResponse: url string 1
AttachRequest: container_id string 1, stdin bool 2, tty bool 3, stdout bool 4, stderr bool 5
AttachResponse: url string 1
ExecSyncRequest: container_id string 1, cmd *string 2, timeout int 3
ExecSyncResponse: stdout bytes 1, stderr bytes 2, exit_code int 3
ContainerConfig: metadata ContainerMetadata 1, image ImageSpec 2, command *string 3, args *string 4, working_dir string 5,
 envs *KeyValue 6, mounts *Mount 7, devices *Device 8, labels map 9, annotations map 10, log_path string 11, stdin bool 12,
 stdin_once bool 13, tty bool 14, linux LinuxContainerConfig 15
ContainerMetadata: name string 1, attempt int 2
ImageSpec: image string 1, annotations map 2
KeyValue: key string 1, value bytes 2
Mount: container_path string 1, host_path string 2, readonly bool 3, selinux_relabel bool 4, propagation MountPropagation 5
Device: container_path string 1, host_path string 2, permissions string 3
LinuxContainerConfig: resources LinuxContainerResources 1, security_context LinuxContainerSecurityContext 2
LinuxContainerResources: cpu_period int 1, cpu_quota int 2, cpu_shares int 3, memory_limit_in_bytes int 4,
 oom_score_adj int 5, cpuset_cpus string 6, cpuset_mems string 7, hugepage_limits *HugepageLimit 8, unified map 9,
 memory_swap_limit_in_bytes int 10
HugepageLimit: page_size string 1, limit int 2
LinuxContainerSecurityContext: capabilities Capability 1, privileged bool 2, namespace_options NamespaceOption 3,
 run_as_user Int64Value 5, run_as_username string 6, readonly_rootfs bool 7, supplemental_groups *int 8, no_new_privs bool 11,
 run_as_group Int64Value 12, masked_paths *string 13, readonly_paths *string 14, seccomp SecurityProfile 15
Capability: add_capabilities *string 1, drop_capabilities *string 2
ContainerFilter: id string 1, state ContainerStateValue 2, pod_sandbox_id string 3, label_selector map 4
ContainerStateValue: state ContainerState 1
Container: id string 1, pod_sandbox_id string 2, metadata ContainerMetadata 3, image ImageSpec 4, image_ref string 5,
 state ContainerState 6, created_at int 7, labels map 8, annotations map 9
ContainerStatus: id string 1, metadata ContainerMetadata 2, state ContainerState 3, created_at int 4, started_at int 5,
 finished_at int 6, exit_code int 7, image ImageSpec 8, image_ref string 9, reason string 10, message string 11, labels map 12,
 annotations map 13, mounts *Mount 14, log_path string 15
ContainerStatsRequest: container_id string 1
ContainerStatsResponse: stats ContainerStats 1
ContainerStats: attributes ContainerAttributes 1, cpu CpuUsage 2, memory MemoryUsage 3
ContainerAttributes: id string 1, metadata ContainerMetadata 2, labels map 3, annotations map 4
CpuUsage: timestamp int 1, usage_core_nano_seconds UInt64Value 2
MemoryUsage: timestamp int 1, working_set_bytes UInt64Value 2
UInt64Value: value int 1

ListImagesRequest: filter ImageFilter 1
ListImagesResponse: images *Image 1
ImageStatusRequest: image ImageSpec 1, verbose bool 2
ImageStatusResponse: image Image 1, info map 2
ImageFilter: image ImageSpec 1
Image: id string 1, repo_tags *string 2, repo_digests *string 3, size int 4
"""
ENUMS = {"Protocol": ("TCP", "UDP", "SCTP"), "NamespaceMode": ("POD", "CONTAINER", "NODE", "TARGET"),
         "ProfileType": ("RuntimeDefault", "Unconfined", "Localhost"),
         "MountPropagation": ("PROPAGATION_PRIVATE", "PROPAGATION_HOST_TO_CONTAINER", "PROPAGATION_BIDIRECTIONAL"),
         "PodSandboxState": ("SANDBOX_READY", "SANDBOX_NOTREADY"),
         "ContainerState": ("CONTAINER_CREATED", "CONTAINER_RUNNING", "CONTAINER_EXITED", "CONTAINER_UNKNOWN")}
IMAGE_METHODS = ("ListImages", "ImageStatus")
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_messages():
    """-> {message: {field: (type, repeated, number)}}"""
    found = {}
    for line in MESSAGES.replace(",\n", ",").split("\n"):
        name, _, fields = line.partition(":")
        rows = [field.split() for field in fields.split(",") if field.strip()]
        found[name] = {field: (kind.lstrip("*"), kind[0] == "*", int(number)) for field, kind, number in rows}
    found["Pair"] = {"key": ("string", False, 1), "value": ("string", False, 2)}
    return found


FIELDS = read_messages()


# --- protobuf -----------------------------------------------------------------------------------
def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def sized(number, data):
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def encode_field(kind, number, value):
    if kind in FIELDS:
        return sized(number, encode(kind, value))
    if kind in ("string", "bytes"):
        return sized(number, value if isinstance(value, bytes) else value.encode())
    return varint(number << 3 | VARINT) + varint(ENUMS[kind].index(value) if kind in ENUMS else int(value))


def encode(message, value):
    """VALUE, a dictionary, as MESSAGE's bytes; a field that MESSAGE has not is a KeyError"""
    out = b""
    for name, content in value.items():
        kind, repeated, number = FIELDS[message][name]
        if kind == "map":
            out += b"".join(encode_field("Pair", number, {"key": key, "value": text}) for key, text in content.items())
        else:
            out += b"".join(encode_field(kind, number, item) for item in (content if repeated else [content]))
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def raw_fields(data):
    """Yields (number, an integer or bytes)"""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        size = {FIXED64: 8, FIXED32: 4}.get(tag & 7)
        if tag & 7 in (VARINT, BYTES):
            size, at = read_varint(data, at)
        if tag & 7 == VARINT:
            yield tag >> 3, size
            continue
        yield tag >> 3, data[at:at + size]
        at += size


def decode_value(kind, raw):
    if kind in FIELDS:
        return decode(kind, raw)
    if kind in ("string", "bytes"):
        return raw.decode("utf-8", "replace")
    if kind in ENUMS:
        return ENUMS[kind][raw]
    return bool(raw) if kind == "bool" else raw - (1 << 64) if raw >> 63 else raw


def decode(message, data):
    """-> a dictionary with each field of MESSAGE but submessages that are not there"""
    known = {number: (name, kind, repeated) for name, (kind, repeated, number) in FIELDS[message].items()}
    empty = {"string": b"", "bytes": b"", "int": 0, "bool": 0, **{name: 0 for name in ENUMS}}
    found = {name: {} if kind == "map" else [] if repeated else decode_value(kind, empty[kind])
             for name, kind, repeated in known.values() if repeated or kind == "map" or kind in empty}
    for number, raw in raw_fields(data):
        name, kind, repeated = known.get(number, (None, None, None))
        if kind == "map":
            pair = decode("Pair", raw)
            found[name][pair["key"]] = pair["value"]
        elif repeated:
            found[name].append(decode_value(kind, raw))
        elif name:
            found[name] = decode_value(kind, raw)
    return found


# --- gRPC ---------------------------------------------------------------------------------------
class Refused(Exception):
    """A gRPC status that is not OK: .code, .message"""

    def __init__(self, method, code, message):
        super().__init__(f"{method}: grpc-status {code}: {message}")
        self.code, self.message = code, message


def request(method, value=None):
    """The framed bytes of a request"""
    data = encode(method + "Request", value or {})
    return struct.pack(">BI", 0, len(data)) + data


def reply(method, data):
    """What is in framed bytes"""
    return decode(method + "Response", data[5:5 + struct.unpack(">I", data[1:5])[0]])


def path(method):
    return f"/runtime.v1.{'Image' if method in IMAGE_METHODS else 'Runtime'}Service/{method}"


def call(server, method, value=None, curl="curl", timeout=60):
    """At the socket SERVER; -> the reply's dictionary; Refused by any status but 0"""
    with tempfile.TemporaryDirectory() as scratch:
        headers = os.path.join(scratch, "headers")
        done = subprocess.run([curl, "-sS", "--http2-prior-knowledge", "--unix-socket", server, "--max-time", str(timeout),
                               "-H", "Content-Type: application/grpc", "-H", "TE: trailers", "--data-binary", "@-", "-D", headers,
                               "http://localhost" + path(method)],
                              input=request(method, value), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        rows = {}
        if os.path.exists(headers):
            with open(headers, encoding="utf-8", errors="replace") as file:
                rows = {name: text.strip() for name, _, text in (line.partition(":") for line in file)}
    # A refusal can come before curl has sent all, and then ends its stream: the status counts, not curl's.
    if "grpc-status" not in rows:
        raise Refused(method, -1, f"curl ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    if rows["grpc-status"] != "0":
        raise Refused(method, int(rows["grpc-status"]), urllib.parse.unquote(rows.get("grpc-message", "")))
    return reply(method, done.stdout)


# --- streams ------------------------------------------------------------------------------------
# The URL that Exec and Attach give is served to kubectl through the API server: a WebSocket whose messages begin with
# the number of a channel (v4.channel.k8s.io).
STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)


def frame(channel, data):
    """A WebSocket message of a client, by RFC 6455 5.2 masked, with zeros"""
    size = len(data) + 1
    assert size < 126
    return bytes([0x82, 0x80 | size, 0, 0, 0, 0, channel]) + data


def read_frames(file):
    """Yields (channel, bytes) until the other side closes"""
    while True:
        head = file.read(2)
        if len(head) < 2 or head[0] & 0xf == 8:
            return
        size = head[1] & 0x7f
        if size >= 126:
            size = int.from_bytes(file.read(2 if size == 126 else 8), "big")
        data = file.read(size)
        if head[0] & 0xf <= 2 and data:
            yield data[0], data[1:]


def stream(url, messages, timeout=20):
    """Sends MESSAGES, rows of (channel, bytes, what must have come before the next); -> {channel: all that came}. What a
    command writes at its very end can be lost: containerd 1.6 stops reading when it hears of the end, with runc too."""
    where = urllib.parse.urlsplit(url)
    found = dict.fromkeys(range(5), b"")
    with socket.create_connection((where.hostname, where.port), timeout) as wire, wire.makefile("rb") as file:
        wire.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
                     "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        lines = list(iter(lambda: file.readline().strip(), b""))
        assert lines and b" 101 " in lines[0], lines
        frames = read_frames(file)
        for channel, data, awaited in messages:
            wire.sendall(frame(channel, data))
            while not any(awaited in text for text in found.values()):
                came, data = next(frames, (None, b""))
                assert came is not None, f"the end came before {awaited!r}: {found}"
                found[came] += data
        for channel, data in frames:
            found[channel] += data
    return found


def main(words):
    if words[:1] == ["reply"] and len(words) == 2:
        print(json.dumps(reply(words[1], sys.stdin.buffer.read()), indent=1))
    elif words[:1] == ["path"] and len(words) == 2:
        print(path(words[1]))
    elif words[:1] == ["request"] and len(words) in (2, 3):
        sys.stdout.buffer.write(request(words[1], json.loads((words + ["{}"])[2])))
    elif words[:1] == ["call"] and len(words) in (3, 4):
        print(json.dumps(call(words[1], words[2], json.loads((words + ["{}"])[3])), indent=1))
    else:
        sys.exit("usage: cri.py request METHOD [JSON] | reply METHOD | path METHOD | call SOCKET METHOD [JSON]")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as error:
        sys.exit(f"cri.py: {error}")
