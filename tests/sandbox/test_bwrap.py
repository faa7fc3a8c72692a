"""The kind `bwrap`: programs of several processes try to get out, to stay, or to take all, and none does."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.sandbox.process import ServedSandbox
from pytest_modeleval.sandbox.program import FILES, FINISHED, MEMORY, OUTPUT, TIMEOUT, Limits, Program, SandboxError
from tests.conftest import SHARED_DATA
from tests.sandbox.conftest import Run, as_another

LITTLE = Limits(seconds=1, wall=5)
SYSCALL = "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"

# Each says what it could do; what it could not do raises, or is said with "no".
REFUSED = {
    "read the passwords": "print('could', open('/etc/shadow').read()[:5])",
    "see this folder": f"import os; print('could', os.listdir({str(Path(__file__).parent)!r}))",
    "see homes": "import os; print('could' if os.listdir('/home') else 'no')",
    "see other processes": "import os; n = [p for p in os.listdir('/proc') if p.isdigit()]; print('could' if len(n) > 2 else 'no')",
    "write where programs lie": "open('/usr/evil', 'w'); print('could')",
    "write at the top": "open('/evil', 'w'); print('could')",
    "write among devices": "open('/dev/evil', 'w'); print('could')",
    "change the kernel": "open('/proc/sys/kernel/hostname', 'w').write('evil'); print('could')",
    "TCP": "import socket; s = socket.socket(); s.connect(('127.0.0.1', PORT)); print('could')",
    "UDP": "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', PORT)); print('could')",
    "a socket of files": "import socket; socket.socket(socket.AF_UNIX).bind('s'); print('could')",
    "an abstract socket": "import socket; socket.socket(socket.AF_UNIX).bind('\\0x'); print('could')",
    "a socket of a child's": "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import socket; socket.socket(); print(\"could\")'], capture_output=True, text=True).stdout or 'no')",
    "ptrace": f"{SYSCALL}import os; print('could' if c.ptrace(16, 1, 0, 0) >= 0 else 'no')",
    "read the first process' memory": f"{SYSCALL}import ctypes; b = ctypes.create_string_buffer(16); print('could' if c.syscall(310, 1, b, 1, b, 1, 0) >= 0 else 'no')",
    "mount": f"{SYSCALL}print('could' if c.mount(b'x', b'/tmp', b'tmpfs', 0, None) >= 0 else 'no')",
    "a user namespace": f"{SYSCALL}print('could' if c.unshare(0x10000000) >= 0 else 'no')",
    "a namespace by clone": f"{SYSCALL}p = c.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)\nif p == 0: import os; os._exit(0)\nprint('could' if p > 0 else 'no')",
    "join a namespace": f"{SYSCALL}import os; print('could' if c.setns(os.open('/proc/self/ns/net', 0), 0) >= 0 else 'no')",
    "bpf": f"{SYSCALL}print('could' if c.syscall(321, 0, 0, 0) >= 0 else 'no')",
    "keys": f"{SYSCALL}print('could' if c.syscall(250, 0, -4, 0, 0, 0) >= 0 else 'no')",
    "memory without a file": "import os; os.memfd_create('x'); print('could')",
    "io_uring": f"{SYSCALL}print('could' if c.syscall(425, 1, 0) >= 0 else 'no')",
    "shared memory of System V": f"{SYSCALL}print('could' if c.shmget(0, 4096, 0o1600) >= 0 else 'no')",
    "32-bit calls": f"{SYSCALL}print('could' if c.syscall(0x40000000 + 41, 2, 1, 0) >= 0 else 'no')",
    "be root": "import os; os.setuid(0); print('could')",
    "more processes": "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999)); print('could')",
    "its environment": "import os; print('could' if [n for n in os.environ if 'KEY' in n or 'TOKEN' in n or 'VIRTUAL' in n] else 'no')",
}  # fmt: skip


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port that this machine listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_program_may_not_do(run_boxed: Run, monkeypatch: pytest.MonkeyPatch, port: int, what: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    outcome = run_boxed(Program(REFUSED[what].replace("PORT", str(port)), limits=LITTLE))

    assert "could" not in outcome.stdout
    assert outcome.status == 1 or outcome.stdout.strip() == "no", outcome


def test_what_a_program_may_do(run_boxed: Run) -> None:
    code = (
        "import multiprocessing, subprocess, tempfile\n"
        "print(subprocess.run('echo a | tr a b', shell=True, capture_output=True, text=True).stdout)\n"
        "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, 2]))\n"
        "tempfile.NamedTemporaryFile().write(b'x')\nprint(open('data/given.txt').read(), input())"
    )

    outcome = run_boxed(Program(code, "in", files={"data/given.txt": "é\n"}))

    assert (outcome.stdout.split(), outcome.stderr) == (["b", "[1,", "2]", "é", "in"], "")


def test_a_pass_is_decided_as_in_the_kind_process(run_boxed: Run) -> None:
    tests = "assert add(1, 2) == 3"

    def has_passed(code: str) -> bool:
        return run_boxed(Program(code, tests=tests, function="add", limits=LITTLE)).passed

    assert has_passed("def add(a, b): return a + b")
    assert not has_passed("def add(a, b): return a - b")
    assert not has_passed("import os\nos._exit(0)")
    assert not has_passed("import sys\ndef add(a, b): sys.exit(0)")
    assert not has_passed("class E:\n def __eq__(self, o): return True\ndef add(a, b): return E()")
    values = run_boxed(Program("def add(a, b): return (a + b,)", function="add", calls=[(1, 2), (3, 4)])).values
    assert list(values) == [(3,), (7,)]


def test_a_session_stands_still_between_its_steps_with_all_its_processes(bwrap: ServedSandbox) -> None:
    async def steps() -> list[str]:
        session = await bwrap.session(Program("import subprocess"))
        await session.run("child = subprocess.Popen('while :; do echo x >> ticks; sleep 0.01; done', shell=True)")
        await session.run("import time; time.sleep(0.2); before = open('ticks').read()")
        one = await session.run("print(len(open('ticks').read()) - len(before) < 9)")
        await asyncio.sleep(0.5)
        two = await session.run("print(len(open('ticks').read()) - len(before) < 20)")
        await session.close()
        return [one.stdout, two.stdout]

    assert asyncio.run(steps()) == ["True\n", "True\n"]


def test_what_runs_away_stands_still_between_steps(bwrap: ServedSandbox) -> None:
    """A chain of processes, each of which makes the next one and ends."""
    chain = "import os, time\nif os.fork() == 0:\n os.setsid()\n while True:\n  open('ticks', 'a').write('x')\n  if os.fork(): os._exit(0)\ntime.sleep(0.2)"

    async def steps() -> int:
        session = await bwrap.session(Program("", limits=LITTLE))
        await session.run(chain)
        one = await session.run("print(len(open('ticks').read()))")
        await asyncio.sleep(0.5)
        two = await session.run("print(len(open('ticks').read()))")
        await session.close()
        return int(two.stdout) - int(one.stdout) if one.ended_well and two.ended_well else 0

    assert asyncio.run(steps()) < 100


def test_no_status_of_a_programs_says_that_the_sandbox_broke(run_boxed: Run) -> None:
    for status in (1, 96, 97, 98, 99):
        outcome = run_boxed(Program(f"exit {status}", language="sh"))
        assert (outcome.kind, outcome.status) == (FINISHED, status)


def test_what_cannot_be_begun_is_an_error_of_the_sandbox(bwrap: ServedSandbox) -> None:
    with pytest.raises(SandboxError, match="before the program began: FileExistsError"):
        asyncio.run(bwrap.run(Program("print(1)", files={"a": "", "a/b": ""})))


def test_a_fork_bomb_ends_with_its_program(run_boxed: Run) -> None:
    count = "import os, time\nn = 0\ntry:\n while True:\n  if os.fork() == 0: time.sleep(60); os._exit(0)\n  n += 1\nexcept OSError: print(n)"

    assert 20 < int(run_boxed(Program(count, limits=LITTLE)).stdout) < 128

    assert run_boxed(Program(":(){ :|:& };:; sleep 60", language="sh", limits=LITTLE)).kind in (FINISHED, TIMEOUT)
    assert run_boxed(Program("print(1)")).stdout == "1\n"


def test_what_ends_all_ends_its_own_box_alone(run_boxed: Run) -> None:
    kills = "import os\nos.kill(-1, 9)"

    assert run_boxed(Program(kills, limits=LITTLE)).kind in (FINISHED, "killed")
    assert run_boxed(Program("kill -9 -1; echo still", language="sh", limits=LITTLE)).kind in (FINISHED, "killed")
    assert run_boxed(Program("print(1)")).stdout == "1\n"


def test_no_daemon_outlives_its_program(run_boxed: Run) -> None:
    daemon = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  for n in range(3, 99):\n   try: os.close(n)\n   except OSError: pass\n  time.sleep(777)\n os._exit(0)\nprint('left')"  # fmt: skip

    assert run_boxed(Program(daemon)).stdout == "left\n"
    assert run_boxed(Program("nohup setsid sleep 777 >/dev/null 2>&1 & echo left", language="sh")).stdout == "left\n"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("sleep 999", TIMEOUT),
        ("trap '' INT TERM HUP; while :; do :; done", TIMEOUT),
        # The time of all processes counts together.
        ("for i in 1 2 3; do (while :; do :; done) & done; wait", TIMEOUT),
        ("yes", OUTPUT),
        ("yes >&2", OUTPUT),
    ],
)
def test_what_takes_too_much(run_boxed: Run, code: str, kind: str) -> None:
    outcome = run_boxed(Program(code, language="sh", limits=Limits(seconds=0.5, wall=3)))

    assert outcome.kind == kind, outcome
    assert len(outcome.stdout) <= 1 << 20


def test_memory_is_that_of_all_processes_together(run_boxed: Run) -> None:
    alone = run_boxed(Program("x = bytearray(600 << 20)", limits=Limits(memory=512 << 20)))
    together = "import os, time\nfor _ in range(4):\n if os.fork() == 0:\n  x = bytearray(b'x') * (200 << 20); time.sleep(20); os._exit(0)\ntime.sleep(20)"

    assert alone.kind == MEMORY
    assert run_boxed(Program(together, limits=Limits(seconds=20, memory=512 << 20))).kind == MEMORY


@pytest.mark.parametrize("where", [".", "/tmp", "/dev/shm"])
def test_no_more_is_written_than_there_is_room_for(run_boxed: Run, where: str) -> None:
    fill = f"i = 0\nwhile True:\n open(f'{where}/{{i}}', 'wb').write(b'x' * (1 << 20)); i += 1"

    outcome = run_boxed(Program(fill, limits=Limits(seconds=10, files=32 << 20)))

    assert (outcome.status, outcome.why) == (1, "OSError: [Errno 28] No space left on device")
    assert run_boxed(Program(f"import os; print(os.listdir('{where}'))")).stdout in ("[]\n", "['program']\n")


@pytest.mark.parametrize("where", [".", "/dev/shm"])
def test_no_more_files_are_made_than_there_may_be(run_boxed: Run, where: str) -> None:
    """Empty ones take nothing of what a file system holds, and much of the kernel's memory."""
    many = f"import time\nfor n in range(50_000): open(f'{where}/{{n}}', 'w').close()\ntime.sleep(1)"

    assert run_boxed(Program(many, limits=Limits(seconds=10))).kind == FILES


def test_a_session_that_does_not_begin_is_an_error(bwrap: ServedSandbox) -> None:
    with pytest.raises(SandboxError, match="the session did not begin: ZeroDivisionError"):
        asyncio.run(bwrap.session(Program("1/0")))


@pytest.mark.skipif(not (SHARED_DATA / "hostile").is_dir(), reason="no copy of the programs in shared/data")
def test_the_collected_programs_leave_nothing(run_boxed: Run, port: int) -> None:
    paths = sorted((SHARED_DATA / "hostile").glob("*.py"))

    outcomes = {
        path.stem: run_boxed(Program(path.read_text().replace("PORT", str(port)), limits=LITTLE)) for path in paths
    }

    assert len(outcomes) >= 22
    got_through = ("WROTE /", "READ", "CONNECTED", "REACHED", "GOT 10GB", "WROTE 3GB")
    for name, outcome in outcomes.items():
        lines = [line for line in outcome.stdout.splitlines() if line.startswith(got_through)]
        # The environment of the box's own first process is empty, and what it writes to is its own.
        own = ("/tmp/", "/dev/shm/", "/proc/1/environ 0")
        assert not [line for line in lines if not any(each in line for each in own)], (name, lines)


AS_ANOTHER = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from pytest_modeleval.sandbox.boxed import open_bwrap
from pytest_modeleval.sandbox.program import Program
async def main():
    sandbox, tried = await open_bwrap("", cores=1)
    if sandbox is None:
        raise SystemExit("; ".join(tried))
    code = "import os\\nn = 0\\ntry:\\n while True:\\n  if os.fork() == 0: os.pause()\\n  n += 1\\nexcept (OSError, AttributeError): print(os.getuid(), 0 < n < 128)"
    print((await sandbox.run(Program(code.replace("os.pause()", "__import__('time').sleep(60)")))).stdout, end="")
    print((await sandbox.run(Program("echo $((1 + 1))", language="sh"))).stdout, end="")
    await sandbox.close()
asyncio.run(main())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_it_needs_no_root(bwrap: ServedSandbox, readable: Path) -> None:
    told = as_another(AS_ANOTHER, str(readable), path="/usr/bin:/bin")

    assert told.stdout.splitlines() == ["65534 True", "2"], told.stderr
