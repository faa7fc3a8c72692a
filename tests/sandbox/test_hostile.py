"""Programs that try to get out, to stay, or to take all: none does, and the next program runs as if nothing had been."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import FILES, FINISHED, KILLED, MEMORY, OUTPUT, TIMEOUT, Limits, Program
from tests.conftest import SHARED_DATA
from tests.sandbox.conftest import Run, as_another

LITTLE = Limits(seconds=0.3, wall=4)
SYSCALL = "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"

# Each says what it could do; what it could not do raises, or is said with "no".
REFUSED = {
    "fork": "import os\nif os.fork() == 0: os._exit(0)\nprint('could')",
    "fork by the C library": f"{SYSCALL}print('could' if c.fork() >= 0 else 'no')",
    "clone3": f"{SYSCALL}print('could' if c.syscall(435, 0, 0) >= 0 else 'no')",
    "vfork": f"{SYSCALL}print('could' if c.syscall(58) >= 0 else 'no')",
    "a daemon": "import os\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: os.execv('/bin/sleep', ['sleep', '777'])\nprint('could')",
    "a program": "import subprocess; subprocess.run(['/bin/true'], check=True); print('could')",
    "exec": "import os; os.execv('/bin/echo', ['echo', 'could'])",
    "multiprocessing": "import multiprocessing as m\np = m.Process(target=print); p.start(); p.join(); print('could')",
    "read the passwords": "print('could', open('/etc/shadow').read()[:5])",
    "read what users may": "print('could', open('/etc/passwd').read()[:5])",
    "list a folder": "import os; print('could', os.listdir('/'))",
    "read a process": "print('could', open('/proc/1/environ', 'rb').read()[:5])",
    "read itself": "print('could', open('/proc/self/maps').read()[:5])",
    "write a file": "open('/tmp/evil', 'w').write('x'); print('could')",
    "write to memory": "open('/dev/shm/evil', 'w').write('x'); print('could')",
    "write above": "open('../evil', 'w').write('x'); print('could')",
    "a link to a file": "import os; os.symlink('/etc/passwd', 's'); print('could', open('s').read()[:5])",
    "a second name": "import os; os.link('/etc/passwd', 'h'); print('could')",
    "cut a file": f"{SYSCALL}print('could' if c.truncate(b'/etc/hostname', 0) >= 0 else 'no')",
    "own a file": "import os; os.chown('/etc/hostname', 0, 0); print('could')",
    "TCP": "import socket; s = socket.socket(); s.connect(('127.0.0.1', PORT)); print('could')",
    "UDP": "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', PORT)); print('could')",
    "a socket of files": "import socket; socket.socket(socket.AF_UNIX).connect('/tmp/x'); print('could')",
    "an abstract socket": "import socket; socket.socket(socket.AF_UNIX).connect('\\0x'); print('could')",
    "a pair that sends elsewhere": "import socket; socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', '/dev/log'); print('could')",
    "netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); print('could')",
    "signal its parent": "import os; os.kill(os.getppid(), 0); print('could')",
    "signal all": "import os; os.kill(-1, 0); print('could')",
    "signal its group": "import os; os.killpg(1, 0); print('could')",
    "signals of a pipe": "import fcntl, os\nr, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()); print('could')",
    "ptrace": f"{SYSCALL}import os; print('could' if c.ptrace(16, os.getppid(), 0, 0) >= 0 else 'no')",
    "read its parent's memory": f"{SYSCALL}import os; print('could' if c.syscall(310, os.getppid(), 0, 0, 0, 0, 0) >= 0 else 'no')",
    "mount": f"{SYSCALL}print('could' if c.mount(b'x', b'/tmp', b'tmpfs', 0, None) >= 0 else 'no')",
    "a namespace": f"{SYSCALL}print('could' if c.unshare(0x10000000) >= 0 else 'no')",
    "bpf": f"{SYSCALL}print('could' if c.syscall(321, 0, 0, 0) >= 0 else 'no')",
    "keys": f"{SYSCALL}print('could' if c.syscall(250, 0, -4, 0, 0, 0) >= 0 else 'no')",
    "io_uring": f"{SYSCALL}print('could' if c.syscall(425, 1, 0) >= 0 else 'no')",
    "shared memory": f"{SYSCALL}print('could' if c.shmget(0, 4096, 0o1600) >= 0 else 'no')",
    "a file of no folder": "import os; os.memfd_create('x'); print('could')",
    "32-bit calls": f"{SYSCALL}print('could' if c.syscall(0x40000000 + 57) >= 0 else 'no')",
    "its environment": "import os; print('could' if set(os.environ) - {'HOME', 'LANG', 'TMPDIR', 'TZ', 'OMP_NUM_THREADS'} else 'no')",
}  # fmt: skip


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine's, and whoever connected to it."""
    heard: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    heard.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


@pytest.mark.parametrize("what", REFUSED)
def test_it_cannot(run: Run, listener: tuple[int, list[object]], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    port, heard = listener

    outcome = run(Program(REFUSED[what].replace("PORT", str(port)), limits=LITTLE))

    assert outcome.kind == FINISHED
    assert "could" not in outcome.stdout
    assert outcome.status or outcome.stdout == "no\n", outcome
    assert not heard


# How they end that take too much, or end themselves.
ENDED = {
    "for ever": ("while True: pass", TIMEOUT),
    "asleep with all signals ignored": (
        "import signal, time\n"
        "for number in range(1, 32):\n try: signal.signal(number, signal.SIG_IGN)\n except OSError: pass\n"
        "time.sleep(1e6)",
        TIMEOUT,
    ),
    "without descriptors": ("import os\nos.closerange(0, 256)\nwhile True: pass", TIMEOUT),
    "in C": ("'a' * 10**6 in ('a' * 10**6)[:-1] + 'b'; sum(range(10**12))", TIMEOUT),
    "ten gigabytes": ("b = bytearray(10 << 30)", MEMORY),
    "a limit raised": ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nbytearray(10 << 30)", MEMORY),
    "output": ("while True: print('x' * 65536)", OUTPUT),
    "errors": ("import sys\nwhile True: sys.stderr.write('x' * 65536)", OUTPUT),
    "killed by itself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", KILLED),
    "aborted": ("import os; os.abort()", KILLED),
    "crashed": ("import ctypes; ctypes.string_at(0)", KILLED),
    "time bought with results": (
        "import os, time\nwhile True:\n for fd in range(3, 64):\n  try: os.write(fd, b'{}\\n')\n  except OSError: pass\n time.sleep(0.2)",
        TIMEOUT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDED)
@pytest.mark.parametrize("tests", [None, "pass"], ids=["script", "tested"])
def test_it_is_ended(run: Run, what: str, tests: str | None) -> None:
    code, kind = ENDED[what]
    if "results" in what and tests is None:
        pytest.skip("a script has no such descriptor")

    outcome = run(Program(code, tests=tests, limits=LITTLE))

    assert (outcome.kind, outcome.passed) == (kind, False), outcome
    assert outcome.wall < 3 * LITTLE.seconds * LITTLE.wall


def test_a_disk_is_not_filled(run: Run) -> None:
    """By many files, each of which is small; and where a file system bounds them, writing fails."""
    outcome = run(Program("for n in range(400):\n open(str(n), 'wb').write(b'x' * (1 << 20))", limits=LITTLE))

    assert outcome.kind == FILES or "No space left" in outcome.why


def test_a_disk_is_not_filled_by_one_that_goes_on_talking(run: Run) -> None:
    code = (
        "import threading, time, os\ndef talk():\n while True: os.write(1, b'.'); time.sleep(0.005)\n"
        "threading.Thread(target=talk, daemon=True).start()\n"
        "for n in range(200):\n open(str(n), 'wb').write(b'x' * (1 << 20)); time.sleep(0.005)"
    )

    outcome = run(Program(code, limits=Limits(seconds=2)))

    assert outcome.kind == FILES or "No space left" in outcome.why


def test_a_disk_is_not_filled_by_open_files_without_names(run: Run) -> None:
    code = (
        "import os, time\nkept = []\nfor n in range(40):\n kept.append(open('f', 'wb')); kept[-1].write(b'x' * (8 << 20))\n"
        " kept[-1].flush(); os.unlink('f')\ntime.sleep(1)"
    )
    outcome = run(Program(code, limits=Limits(seconds=5)))

    assert outcome.kind == FILES or "No space left" in outcome.why


def test_threads_with_little_stacks_are_bounded(run: Run) -> None:
    code = (
        "import threading, time\nthreading.stack_size(32768)\nfor n in range(3000):\n"
        " threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\ntime.sleep(2)"
    )

    assert run(Program(code, limits=Limits(seconds=5))).kind == MEMORY


def test_threads_of_a_step_are_bounded_after_it(sandbox: ProcessSandbox) -> None:
    """Those that a session keeps while others run."""

    async def steps() -> list[str]:
        session = await sandbox.session(Program("import threading, time\nthreading.stack_size(32768)"))
        start = "for n in range(NUMBER): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
        outcomes = [await session.run(start.replace("NUMBER", str(number))) for number in (100, 200)]
        await session.close()
        return [outcome.kind for outcome in outcomes]

    assert asyncio.run(steps()) == [FINISHED, MEMORY]


# Threads of the kernel's own, without a stack each: some thousand in the time between two looks.
BURST = """
import ctypes, mmap
stack = ctypes.create_string_buffer(65536)
top = (ctypes.addressof(stack) + 60000) & ~15
clone = b"\\xb8\\x38\\0\\0\\0\\xbf\\0\\x0f\\x05\\0\\x48\\xbe" + top.to_bytes(8, "little") + b"\\x31\\xd2\\x4d\\x31\\xd2\\x4d\\x31\\xc0\\x0f\\x05"
until_refused = clone + b"\\x85\\xc0\\x78\\x04\\x74\\x03" + bytes([0xEB, 0x100 - len(clone) - 8]) + b"\\xc3\\xb8\\x22\\0\\0\\0\\x0f\\x05\\xeb\\xf7"
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(until_refused)
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
print("refused")
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code")
def test_a_burst_of_threads_takes_few_numbers(run: Run) -> None:
    most = 0

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.001):
            most = max(most, int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]))

    ended = threading.Event()
    watching = threading.Thread(target=watch)
    watching.start()
    outcome = run(Program(BURST, limits=Limits(seconds=5)))
    ended.set()
    watching.join()

    assert outcome.kind == MEMORY or outcome.stdout == "refused\n"
    assert most < 8000


def test_a_disk_is_not_filled_by_files_without_names(run: Run) -> None:
    code = (
        "import mmap, os\nkept, full = [], b'x' * (16 << 20)\nfor _ in range(30):\n f = open('a', 'wb+')\n f.write(full); f.flush()\n"
        " kept.append(mmap.mmap(f.fileno(), 4096)); f.close(); os.unlink('a')"
    )

    outcome = run(Program(code, limits=Limits(seconds=5)))

    assert outcome.kind == FILES or "No space left" in outcome.why


def test_one_file_is_not_larger_than_it_may(run: Run) -> None:
    outcome = run(Program("f = open('f', 'wb')\nfor _ in range(100): f.write(b'x' * (1 << 20))", limits=LITTLE))

    assert "File too large" in outcome.why


def test_threads_are_bounded_and_end(run: Run) -> None:
    code = "import threading, time\nfor n in range(5000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"

    outcome = run(Program(code, limits=LITTLE))

    assert outcome.kind == MEMORY or "can't start new thread" in outcome.why


def test_folders_deeper_than_any_path_are_cleared(run: Run) -> None:
    deep = "import os\nfor _ in range(3000):\n os.mkdir('d'); os.chdir('d')"

    assert run(Program(deep, limits=Limits(seconds=5))).kind in (FINISHED, FILES)
    assert run(Program("import os; print(os.listdir('.'))")).stdout == "[]\n"


def test_nothing_of_one_program_is_there_for_the_next(run: Run) -> None:
    run(
        Program(
            "import json, builtins, os\njson.loads = None; builtins.len = None\nopen('left', 'w'); os.environ['X'] = '1'"
        )
    )

    outcome = run(Program("import json, os; print(json.loads('[1]'), len('ab'), os.listdir('.'), 'X' in os.environ)"))

    assert outcome.stdout == "[1] 2 [] False\n"


# Programs that would end or flood all processes of their user, were there a hole: first as a user of their own.
DANGEROUS = {
    "kill": "import os\nfor pid in (os.getppid(), -1):\n try: os.kill(pid, 9)\n except OSError: print('no')",
    "bomb": "import os\nfor _ in range(100):\n try: os.fork()\n except OSError: print('no'); break",
}
AS_ANOTHER = """
import asyncio, resource, sys
sys.path.insert(0, sys.argv[1])
resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Program
async def main():
    for namespaces in (False, True):
        sandbox = ProcessSandbox(namespaces=namespaces, cores=1)
        print((await sandbox.run(Program(sys.argv[2]))).stdout.split())
        await sandbox.close()
asyncio.run(main())
"""


@pytest.mark.parametrize("what", DANGEROUS)
def test_as_a_user_of_its_own_and_then_as_this_one(run: Run, readable: Path, what: str) -> None:
    if os.getuid() == 0:
        told = as_another(AS_ANOTHER, str(readable), DANGEROUS[what])
        refused = "['no', 'no']" if what == "kill" else "['no']"
        assert told.stdout.splitlines() == [refused, refused], told.stderr

    assert set(run(Program(DANGEROUS[what])).stdout.split()) == {"no"}


@pytest.mark.skipif(not (SHARED_DATA / "hostile").is_dir(), reason="no copy of the programs in shared/data")
def test_the_collected_programs_leave_nothing(sandbox: ProcessSandbox, run: Run) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = str(listening.getsockname()[1])
    paths = sorted((SHARED_DATA / "hostile").glob("*.py"))

    outcomes = {path.stem: run(Program(path.read_text().replace("PORT", port), limits=LITTLE)) for path in paths}

    assert len(outcomes) >= 22
    got_through = ("WROTE /", "READ", "CONNECTED", "KILLED", "LINKED", "REACHED", "GOT 10GB", "WROTE 3GB")
    own = f"{os.sep}work{os.sep}"
    for name, outcome in outcomes.items():
        lines = [line for line in outcome.stdout.splitlines() if line.startswith(got_through) and own not in line]
        assert not lines, (name, lines)
    listening.settimeout(0)
    with pytest.raises(BlockingIOError):
        listening.accept()
    listening.close()
    assert asyncio.run(sandbox.run(Program("print('well')"))).stdout == "well\n"
