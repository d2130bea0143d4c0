"""The engine's lines come as they are printed, and nothing is left running."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from mobile_ai.gate.engine.process import capture, running
from tests.waiting import until

PYTHON = [sys.executable, "-u", "-c"]


def run(tmp_path, script, on_line=lambda _line, _seconds: None):
    command = [*PYTHON, textwrap.dedent(script)]
    with running(command, folder=tmp_path, environment=dict(os.environ)) as started:
        for line, seconds in started.lines():
            on_line(line, seconds)
        return started.wait()


def test_lines_come_while_the_command_runs(tmp_path):
    seen = []

    def note(line, seconds):
        seen.append((line, seconds))
        (tmp_path / "go").touch()

    ended = run(
        tmp_path,
        """
        import pathlib, time
        print("first")
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        print("second")
        """,
        note,
    )
    assert [line for line, _ in seen] == ["first\n", "second\n"]
    assert seen[0][1] <= seen[1][1] <= ended.seconds


def test_exit_code_and_standard_error_are_told(tmp_path):
    ended = run(tmp_path, "import sys; print('bad', file=sys.stderr); sys.exit(7)")
    assert (ended.exit_code, ended.errors) == (7, "bad\n")


def test_much_standard_error_does_not_block(tmp_path):
    ended = run(tmp_path, "import sys; sys.stderr.write('x' * 1_000_000); print('end')")
    assert len(ended.errors) == 1_000_000


def test_bytes_that_are_no_text_do_not_stop_the_run(tmp_path):
    lines = []
    run(
        tmp_path,
        "import sys; sys.stdout.buffer.write(bytes([255, 10]))",
        lambda line, _: lines.append(line),
    )
    assert lines == ["\ufffd\n"]


def test_interrupt_ends_the_command_once_and_waits_for_it(tmp_path):
    script = """
        import pathlib, signal, time
        count = 0
        def stop(*_):
            global count
            count += 1
            time.sleep(0.2)
            pathlib.Path("interrupts").write_text(str(count))
            raise SystemExit
        signal.signal(signal.SIGINT, stop)
        print("ready")
        time.sleep(60)
        """

    def interrupt(_line, _seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, script, interrupt)
    assert (tmp_path / "interrupts").read_text() == "1"


def test_ctrl_c_reaches_the_command_through_the_gate_alone(tmp_path):
    """A terminal sends Ctrl-C to the whole foreground group; the engine must see it once."""
    child = (
        "import os, pathlib, signal, sys, time\n"
        "def stop(*_):\n"
        "    with open('interrupts', 'a') as file: file.write('i')\n"
        "    time.sleep(0.3); sys.exit()\n"
        "signal.signal(signal.SIGINT, stop)\n"
        "print(os.getpid(), flush=True); time.sleep(60)\n"
    )
    parent = textwrap.dedent(f"""
        import os, pathlib, sys
        from mobile_ai.gate.engine.process import running
        try:
            with running([sys.executable, "-c", {child!r}], folder=pathlib.Path.cwd(),
                         environment=dict(os.environ)) as started:
                for line, _ in started.lines():
                    print(line, end="", flush=True)
        except KeyboardInterrupt:
            sys.exit(130)
        """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    pid = int(process.stdout.readline())
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait() == 130
    watchdog.cancel()
    process.stdout.close()
    assert (tmp_path / "interrupts").read_text() == "i"
    until(lambda: gone(pid))


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_short_command_gets_its_input_and_asks_nobody(tmp_path):
    program = "import sys; print(sys.argv[1:], sys.stdin.read())"
    done = capture(
        [sys.executable, "-c", program, "word"], folder=tmp_path, environment={}, given="text"
    )
    assert (done.returncode, done.stdout) == (0, "['word', '--non-interactive'] text\n")
