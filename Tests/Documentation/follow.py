#!/usr/bin/env python3
"""Does what a page of docs/ says, in a terminal (tmux): follow.py PAGE PATH [SCREENSHOT].

Each ```console block is typed, command by command; the lines behind a command must appear, where `…` stands for anything,
and nothing may appear where no line is.
A ```yaml block is saved where the text before it says (Save it as `FILE`). PATH is where the commands are found. The address
that `wfpctl view` prints in the tutorial is opened in Chromium, which must show the connection; SCREENSHOT is its picture.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
here = pathlib.Path(__file__).resolve()
repository = here.parents[2]


def blocks(text):
    """(kind, content, the text before it) of each fenced block."""
    before = 0
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield found[1], found[2], text[before : found.start()]
        before = found.end()


class Terminal:
    def __init__(self, path, folder):
        self.socket = folder + "/tmux"
        shell = ["env", "-i", "PATH=" + path, "HOME=" + folder, "TERM=xterm", "LC_ALL=C.UTF-8", "PS1=$ ", "bash", "--norc", "--noprofile", "-i"]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "1000", "-y", "400", "-c", str(repository), *shell)
        self.until(lambda: self.lines()[-1:] == ["$"])

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=True, capture_output=True, text=True).stdout

    def lines(self):
        shown = self.tmux("capture-pane", "-p", "-J", "-S", "-").rstrip()
        return [line.rstrip() for line in shown.split("\n")]

    def until(self, holds):
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def run(self, command, expected):
        """Types it; what came after it, and the expected lines that did not come."""
        start = len(self.lines()) - 1
        self.tmux("send-keys", "-l", command)
        self.tmux("send-keys", "Enter")
        missing = []

        def is_done():
            after = self.lines()[start + 1 :]
            missing[:] = [line for line in expected if not any(matches(line, shown) for shown in after)]
            # The prompt, or lines of background programs behind it.
            return not missing and any(line.startswith("$") for line in after)

        if not self.until(is_done) and not missing:
            missing.append("its end")
        shown = self.lines()[start + 1 :]
        if not expected and not missing:
            # But for the shell's own: what was typed behind a background program's line, and which programs have ended.
            own = [line for line in shown if line == command or re.match(r"\$|\[\d+\]", line)]
            missing += [f"not: {line}" for line in shown if line and line not in own]
        return shown, missing

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)


def matches(pattern, line):
    """Lines of background programs may come behind the prompt."""
    return re.search("^(\\$ )?" + ".*".join(map(re.escape, pattern.rstrip().split("…"))) + "$", line) is not None


def see(address, screenshot):
    steps = ["rows", "1", "wait", "#rows=contoso", "wait", "#counter-rows=contoso", "errors", ""]
    browse = subprocess.run(
        [sys.executable, str(repository / "Tests/View/browse.py"), address, screenshot, *steps], capture_output=True, text=True
    )
    print("the page:", browse.stdout.split("\n"), browse.stderr[-2000:])
    return browse.returncode == 0 and "errors: []" in browse.stdout


def main():
    page, path = pathlib.Path(sys.argv[1]), sys.argv[2]
    commands = faults = 0
    with tempfile.TemporaryDirectory() as folder:
        screenshot = sys.argv[3] if len(sys.argv) > 3 else folder + "/page.png"
        terminal = Terminal(path, folder)
        try:
            for kind, content, before in blocks(page.read_text()):
                if kind == "yaml":
                    file = re.findall(r"[Ss]ave it\s+as `([^`]+)`", before)
                    if file:
                        os.makedirs(os.path.dirname(file[-1]), mode=0o700, exist_ok=True)
                        pathlib.Path(file[-1]).write_text(content)
                if kind != "console":
                    continue
                for part in re.split(r"^\$ ", content, flags=re.M)[1:]:
                    command, *expected = part.rstrip("\n").split("\n")
                    shown, missing = terminal.run(command, expected)
                    commands += 1
                    if missing:
                        faults += 1
                        print(f"{page.name}: {command}\nmissing: {missing}\nshown:\n" + "\n".join(shown))
                        return 1
                    address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", "\n".join(shown))
                    if address and page.stem == "tutorial" and not see(address[0], screenshot):
                        return 1
        finally:
            terminal.close()
    print(f"{page.name}: {commands} commands")
    return 0 if commands else 1


sys.exit(main())
