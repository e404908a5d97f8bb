#!/usr/bin/env python3
"""Asks a model the questions of the starter model's card and says which answers hold.

check.py QUERN_CLI MODEL [--adapter DIR] [--markdown FILE]"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import accepts

HERE = Path(__file__).resolve().parent


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or done.stdout.strip() or f"{command[0]} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def answer(cli, model, messages, adapters):
    """What the model says next, word for word the likeliest, and the tokens per second of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as variables:
        json.dump({"messages": messages, "add_generation_prompt": True}, variables)
        variables.flush()
        prompt = run(cli, "render", model, "--variables", variables.name, "--json")[0]["prompt"]
    lines = run(cli, "generate", model, "--prompt", prompt, "--raw", "--temp", "0", "--max-tokens", "120",
                "--json", *adapters)
    text = "".join(line.get("text", "") for line in lines)
    return text.strip(), lines[-1]["done"]["generation_tps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("--adapter")
    parser.add_argument("--markdown", type=Path, help="write the answers as a table")
    arguments = parser.parse_args()
    adapters = ["--adapter", arguments.adapter] if arguments.adapter else []

    card = json.loads((HERE / "questions.json").read_text())
    rows, good, speeds = [], 0, []
    for row in card["questions"]:
        said, speed = answer(arguments.cli, arguments.model,
                             [{"role": "user", "content": row["question"]}], adapters)
        rows.append((row["question"], said, accepts(row, said), row["in_training"]))
        speeds.append(speed)
    for row in card["exchanges"]:
        messages = []
        for question in row["turns"]:
            messages.append({"role": "user", "content": question})
            said, speed = answer(arguments.cli, arguments.model, messages, adapters)
            messages.append({"role": "assistant", "content": said})
        heard = " / ".join(message["content"] for message in messages[:-1])
        rows.append((heard, said, accepts(row, said), True))

    for question, said, holds, seen in rows:
        good += holds
        print(f"{'ok ' if holds else 'NO '} {'' if seen else '(new) '}{question}\n       {said}")
    print(f"{good} of {len(rows)} answers hold; {sorted(speeds)[len(speeds) // 2]:.0f} tokens/s")
    if arguments.markdown:
        lines = ["| question | in training | answer |", "|---|---|---|"]
        lines += [f"| {question} | {'yes' if seen else 'no'} | {said}{'' if holds else ' **(wrong)**'} |"
                  for question, said, holds, seen in rows]
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
