# SPDX-License-Identifier: Apache-2.0
# tools/run as its callers see it: exit codes, messages, what is left behind. QEMU is a script.
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUN = os.path.join(ROOT, "tools", "run")
FAKE = os.path.join(HERE, "fake_qemu")


class RunCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.build = os.path.join(self.folder.name, "build")
        os.makedirs(self.build)

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def command(self, *arguments):
        # --kernel: no boot medium, so nothing but the launcher itself is at work.
        return [sys.executable, RUN, "--build", self.build, "--qemu", FAKE, "--kernel", FAKE,
                *arguments]

    def environment(self, steps, **more):
        return dict(os.environ, FAKE_STEPS=steps, **more)

    def run_it(self, steps, *arguments, **more):
        return subprocess.run(self.command(*arguments), env=self.environment(steps, **more),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)

    def check(self, steps, arguments, status, *messages):
        result = self.run_it(steps, *arguments)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, status, text)
        for message in messages:
            self.assertIn(message, text)
        self.assertEqual(os.listdir(os.path.join(self.build, "run")), [])
        return result


class Verdicts(RunCase):
    def test_all_expects_in_any_order(self):
        result = self.check("say two\\n; say one\\n; sleep 30", ["--expect", "one", "--expect", "^two$"],
                            0, "every expected line was seen")
        self.assertEqual(result.stdout, b"two\none\n")

    def test_stops_at_once_when_all_was_seen(self):
        started = time.monotonic()
        self.check("say one\\n; sleep 30", ["--expect", "one"], 0)
        self.assertLess(time.monotonic() - started, 10)

    def test_two_expects_may_be_one_line(self):
        self.check("say one two\\n; sleep 30", ["--expect", "one", "--expect", "two"], 0)

    def test_an_expect_given_twice_wants_two_lines(self):
        twice = ["--expect", "one", "--expect", "one", "--timeout", "2"]
        self.check("say one one\\n; sleep 30", twice, 1, "missing: --expect 'one'")
        self.check("say one\\none\\n; sleep 30", twice, 0)

    def test_then_wants_the_order(self):
        order = ["--expect", "one", "--then", "two", "--then", "one", "--timeout", "2"]
        self.check("say one\\none\\ntwo\\n; sleep 30", order, 1, "missing: --then 'one'")
        self.check("say two\\none\\none\\ntwo\\none\\n; sleep 30", order, 0)

    def test_prompt_without_newline_counts(self):
        self.check("say login:; sleep 30", ["--expect", "login:$", "--timeout", "20"], 0)

    def test_escapes_and_returns_are_not_part_of_a_line(self):
        self.check("say \\x1b[31mred\\x1b[0m\\r\\n; sleep 30", ["--expect", "^red$"], 0)

    def test_reject(self):
        self.check("say one\\nPANIC here\\n; sleep 30", ["--expect", "never", "--reject", "PANIC"],
                   1, "--reject 'PANIC' matched", "PANIC here", "missing: --expect 'never'")

    def test_reject_after_the_last_expect_does_not_count(self):
        self.check("say one\\nPANIC\\n; sleep 30", ["--expect", "one", "--reject", "PANIC"], 0)

    def test_reject_wins_on_the_same_line(self):
        self.check("say one PANIC\\n; sleep 30", ["--expect", "one", "--reject", "PANIC"], 1)

    def test_reject_without_expect(self):
        self.check("say bad\\n; sleep 30", ["--reject", "bad"], 1)

    def test_timeout_names_what_is_missing(self):
        self.check("say one\\n; sleep 30", ["--expect", "one", "--expect", "two", "--timeout", "1"],
                   1, "time-out after 1 s", "missing: --expect 'two'")

    def test_timeout_without_expect(self):
        self.check("sleep 30", ["--timeout", "0.5"], 1, "time-out")

    def test_timeout_while_output_never_pauses(self):
        steps = ";".join(["say x\\n", "sleep 0.05"] * 200)
        self.check(steps, ["--expect", "y", "--timeout", "1"], 1, "time-out")


class Ends(RunCase):
    def test_end_without_expect_is_good(self):
        self.check("say bye\\n", [], 0, "switched off")

    def test_guest_says_good(self):
        self.check("say bye\\n; exit 33", [], 0, "switched off")

    def test_guest_says_bad(self):
        self.check("exit 3", [], 1, "status 3", "byte 0x1 to the exit port")

    def test_end_before_expect(self):
        self.check("say one\\n", ["--expect", "two"], 1, "switched off", "missing: --expect 'two'")

    def test_last_line_before_the_end_counts(self):
        self.check("say one", ["--expect", "one"], 0)

    def test_killed_emulator(self):
        self.check("kill 9", ["--expect", "one"], 1, "killed by signal 9")

    def test_emulator_error_is_shown(self):
        self.check("error qemu: no such device; exit 1", ["--expect", "one"], 1,
                   "status 1", "qemu: no such device")

    def test_stubborn_emulator_is_killed(self):
        self.check("stubborn; say one\\n; sleep 60", ["--expect", "one"], 0)

    def stop_by(self, number, arguments, status):
        pid_file = self.path("pid")
        process = subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=self.environment("sleep 60", FAKE_PID=pid_file))
        limit = time.monotonic() + 20
        while not (os.path.exists(pid_file) and os.path.getsize(pid_file)) and time.monotonic() < limit:
            time.sleep(0.05)
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        process.send_signal(number)
        process.communicate(timeout=20)
        time.sleep(0.2)
        self.assertFalse(is_alive(pid), "the emulator lives on")
        if status is not None:
            self.assertEqual(process.returncode, status)
            self.assertEqual(os.listdir(os.path.join(self.build, "run")), [])

    def test_interrupt_is_a_clean_end(self):
        self.stop_by(signal.SIGINT, [], 0)

    def test_interrupt_while_expecting(self):
        self.stop_by(signal.SIGINT, ["--expect", "one"], 130)

    def test_terminate(self):
        self.stop_by(signal.SIGTERM, ["--expect", "one"], 130)

    def test_killed_launcher_takes_the_emulator_along(self):
        self.stop_by(signal.SIGKILL, [], None)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Talk(RunCase):
    def test_send_answers_a_prompt(self):
        self.check("say key?; read 10; sleep 30",
                   ["--send", r"key\?", r"a\r", "--expect", r"got b'a\\r'", "--timeout", "20"], 0)

    def test_sends_come_once_and_in_order(self):
        self.check("say key?; read 1; say \\nkey?; read 1; sleep 30",
                   ["--send", "key", "1", "--send", "key", "2", "--expect", "got b'1'",
                    "--expect", "got b'2'", "--timeout", "20"], 0)

    def test_log_holds_every_byte(self):
        log = self.path("log")
        self.check("say a\\x1b[1mb\\r\\n", ["--log", log], 0)
        with open(log, "rb") as file:
            self.assertEqual(file.read(), b"a\x1b[1mb\r\n")

    def test_emulator_log(self):
        log = self.path("log")
        self.check("error careful", ["--emulator-log", log], 0)
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read(), "careful\n")

    def test_prefixes_are_colored_on_demand(self):
        config = self.path("x.conf", "[partition one]\ncpus = 0\nmemory = 64M\n")
        result = self.check("say [one] a\\n[two] b\\nhv: c\\n", ["--config", config, "--color", "always"],
                            0)
        self.assertEqual(result.stdout, b"\x1b[36m[one] \x1b[0ma\n[two] b\n\x1b[1mhv: \x1b[0mc\n")

    def test_banner(self):
        config = self.path("x.conf", "[partition one]\ncpus = 0-2\nmemory = 64M\n")
        result = self.check("", ["--config", config, "--banner"], 0)
        self.assertIn(b"[one]  CPUs 0-2, 64M", result.stdout)
        self.assertIn(b"Ctrl-A X ends", result.stdout)


class Person(RunCase):
    """At a terminal."""

    def at_terminal(self, steps, typed, *arguments):
        """Types when something was printed. -> (status, output)"""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, self.command(*arguments), self.environment(steps))
        output = b""
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                data = b""
            if not data:
                break
            output += data
            while typed and typed[0][0] in output:
                os.write(terminal, typed.pop(0)[1])
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output

    def test_ctrl_c_is_the_machines(self):
        status, output = self.at_terminal("say go\\n; read 3; sleep 30",
                                          [(b"go", b"\x03\x01\x01\x01zk"), (b"got", b"\x01x")])
        self.assertIn(rb"got b'\x03\x01k'", output)
        self.assertIn(b"run: ended", output)
        self.assertEqual(status, 0)

    def test_ctrl_c_ends_what_is_judged(self):
        status, _ = self.at_terminal("say go\\n; sleep 30", [(b"go", b"\x03")], "--expect", "never")
        self.assertEqual(status, 130)

    def test_screens_are_cleared_once_it_is_booted(self):
        _, output = self.at_terminal("say \\x1b[2Jone\\nhv: two\\n\\x1b[2Jthree\\n; sleep 0.5", [],
                                     "--color", "never")
        self.assertIn(b"one\r\nhv: two\r\n\x1b[2Jthree", output)
        self.assertNotIn(b"\x1b[2Jone", output)

    def test_seconds_are_counted_while_nothing_comes(self):
        config = self.path("x.conf", "[partition one]\ncpus = 0\nmemory = 64M\nconsole = uart0\n")
        _, output = self.at_terminal("sleep 2; say hv: a\\nshell\\n; sleep 2; say end\\n", [], "--banner",
                                     "--config", config, "--color", "never")
        self.assertIn(b"\r\x1b[K... booting, 1 s \r\x1b[K", output)
        self.assertIn(b" s \r\x1b[Khv: a\r\nshell\r\n", output)
        self.assertIn(b"shell\r\nend", output)


class Machine(RunCase):
    def arguments(self, *arguments, **more):
        return self.run_it("arguments", *arguments, **more).stdout.decode()

    def test_extra_goes_to_the_emulator(self):
        self.assertIn(" -d int", self.arguments("--", "-d", "int"))

    def test_size_follows_the_configuration(self):
        config = self.path("x.conf", "[partition one]\ncpus = 0, 4-5\nmemory = 1G\n"
                           "[partition two]\ncpus=1\nmemory=512M # half\n")
        line = self.arguments("--config", config)
        self.assertIn("-smp 6 ", line)
        self.assertIn("-m 1792M ", line)

    def test_spare(self):
        config = self.path("x.conf", "[partition one]\ncpus = 0\nmemory = 512M\n")
        line = self.arguments("--config", config, "--spare")
        self.assertIn("-smp 2 ", line)
        self.assertIn("-m 1024M ", line)

    def test_ssh_takes_another_port_when_this_one_is_taken(self):
        self.assertRegex(self.arguments("--ssh", "0"), r"hostfwd=tcp:127.0.0.1:\d+-:22 -device virtio-net-pci")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            one.listen()
            taken = one.getsockname()[1]
            self.assertNotIn(f":{taken}-:22", self.arguments("--ssh", str(taken)))

    def test_docker_is_a_second_port_of_the_same_card(self):
        self.assertRegex(self.arguments("--ssh", "0", "--docker", "0"),
                         r"user,id=ssh,hostfwd=tcp:127.0.0.1:\d+-:22,hostfwd=tcp:127.0.0.1:\d+-:2376 -device virtio-net-pci")
        self.assertRegex(self.arguments("--docker", "0"), r"user,id=ssh,hostfwd=tcp:127.0.0.1:\d+-:2376 ")

    def test_icount_is_one_cpu_on_old_qemu(self):
        self.assertIn("-smp 1 ", self.arguments("--icount", "--cpus", "2"))
        self.assertIn("-smp 2 ", self.arguments("--icount", "--cpus", "2", FAKE_VERSION="10.0.2"))
        self.assertIn("-icount shift=7,sleep=off -seed 1", self.arguments("--icount"))

    def test_two_runs_side_by_side(self):
        runs = [subprocess.Popen(self.command("--expect", "one"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=self.environment("sleep 0.5; say one\\n; sleep 30"))
                for _ in range(3)]
        self.assertEqual([run.wait(timeout=30) for run in runs], [0, 0, 0])
        self.assertEqual(os.listdir(os.path.join(self.build, "run")), [])


class Usage(RunCase):
    def wrong(self, arguments, *messages):
        result = self.run_it("", *arguments)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, 2, text)
        for message in messages:
            self.assertIn(message, text)

    def test_wrong_usage(self):
        self.wrong(["--bogus"], "--bogus")
        self.wrong(["--emulator", "vmware"], "vmware")
        self.wrong(["--cpus", "0"], "--cpus 0")
        self.wrong(["--cpus", "many"], "many")
        self.wrong(["--memory", "lots"], "'lots' is not a size")
        self.wrong(["--memory", "1M"], "at least 64M")
        self.wrong(["--timeout", "-1"], "--timeout")
        self.wrong(["--expect", "("], "--expect '('")
        self.wrong(["--reject", "["], "--reject '['")
        self.wrong(["--qemu", "/nonexistent"], "/nonexistent")
        self.wrong(["--emulator", "bochs"], "--kernel is for --emulator qemu")

    def test_missing_config(self):
        self.wrong(["--config", "/nonexistent.conf"], "/nonexistent.conf", "No such file")

    def run_esp(self, text, *arguments):
        loader = self.path("loader.efi", "x")
        command = [sys.executable, RUN, "--build", self.build, "--qemu", FAKE, "--loader", loader,
                   "--hypervisor", loader, "--config", self.path("x.conf", text), *arguments]
        return subprocess.run(command, env=self.environment("arguments"), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)

    def test_missing_kernel_names_file_and_line(self):
        result = self.run_esp("[partition a]\ncpus = 0\nkernel = nothing.elf\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"x.conf:3: no file 'nothing.elf'", result.stderr)

    def test_path_outside_is_refused(self):
        for path in ("../x", "/etc/passwd", "a\\b"):
            result = self.run_esp(f"[partition a]\ncpus = 0\nkernel = {path}\n")
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"x.conf:3: '", result.stderr)

    def test_missing_build(self):
        result = subprocess.run([sys.executable, RUN, "--build", self.build, "--qemu", FAKE],
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"BOOTX64.EFI is missing: run `make` first", result.stderr)


if __name__ == "__main__":
    unittest.main()
