#!/usr/bin/env python3
"""Writes the training text of the bundled starter model.

    corpus.py OUT [--seed N] [--characters N]      writes OUT/train.jsonl and OUT/valid.jsonl

One record per line: {"messages": [{"role": ..., "content": ...}, ...]}. The same seed gives the same files. Nothing of a
held-out key (a question, a pair of numbers, a name) stands in both files, and neither do the new questions of the card.
"""

import argparse
import hashlib
import json
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from topics import arithmetic, memory, memory_rule, phrasing, systems, unknown, words, world, written  # noqa: E402
from topics.thread import Turn  # noqa: E402

# The share of the characters that each subject gets.
SHARES = {
    "quern": 0.14,
    "concepts": 0.22,
    "memory rule": 0.02,
    "small talk": 0.12,
    "remembering": 0.14,
    "arithmetic": 0.10,
    "words": 0.09,
    "facts": 0.04,
    "world": 0.04,
    "unknown": 0.10,
    "systems": 0.05,
}
TURNS = {1: 0.58, 2: 0.22, 3: 0.14, 4: 0.06}  # how many pieces stand in one conversation
FOLLOW_UP = 0.35  # how often a written topic goes on with "why", "an example", "shorter"
PLAIN_SYSTEM = 0.06  # how often a conversation has a system prompt that changes nothing
REPEAT, SURE, THANK = 0.03, 0.03, 0.08  # how often "say that again", "are you sure" and a word of thanks follow
HELD_OUT = 0.025
CHARACTERS = 8_400_000

AGAIN = ("can you say that again", "say that again", "repeat that", "please repeat that", "again, please", "can you repeat that", "what did you say", "one more time, please")
ARE_YOU_SURE = ("are you sure", "are you sure about that", "is that right", "is that true", "really", "is that correct", "are you certain")
THANKS = ("thanks", "thank you", "thanks a lot", "thank you very much", "great, thanks", "OK, thank you", "that helps, thanks")

CERTAIN, UNCERTAIN = ("arithmetic", "words", "world", "facts"), ("quern", "concepts")


def subjects():
    """Subject name to a function that draws a thread of it."""
    quern, concepts = written.source("quern.txt", FOLLOW_UP), written.source("concepts.txt", FOLLOW_UP)
    talk, facts = written.source("smalltalk.txt", FOLLOW_UP / 4), written.source("facts.txt", 0)

    def answered(rng):
        return rng.choice((quern, concepts, concepts))(rng)

    def simple(rng):
        return rng.choice((quern, concepts, facts, world.draw, arithmetic.draw, words.draw))(rng)

    def between(rng):
        while True:
            thread = rng.choice((talk, talk, arithmetic.draw, words.draw, facts, world.draw, concepts, quern))(rng)
            if not held_out(thread.key) and not depends(thread):
                return thread.turns[:1]

    return {"quern": quern, "concepts": concepts, "memory rule": memory_rule.draw, "small talk": talk, "remembering": memory.source(between), "arithmetic": arithmetic.draw,
            "words": words.draw, "facts": facts, "world": world.draw, "unknown": unknown.draw, "systems": systems.source(answered, simple)}


def held_out(key):
    """Whether one of the keys belongs to the validation text."""
    digests = (hashlib.sha256(part.encode()).digest() for part in key.split("\n"))
    return any(int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT for digest in digests)


def length(thread):
    return sum(len(turn.question) + len(turn.answer) for turn in thread.turns)


class Corpus:
    def __init__(self, seed, reserved, kept):
        self.rng = random.Random(seed)
        self.sources = subjects()
        self.reserved, self.kept = reserved, kept
        self.characters = Counter()
        self.exchanges = Counter()
        names = sorted(SHARES)
        sizes = {name: sum(length(self.sources[name](self.rng)) for _ in range(400)) / 400 for name in names}
        self.names, self.weights = names, [SHARES[name] / sizes[name] for name in names]
        # System prompts can only open a conversation, so they get fewer chances.
        self.weights[names.index("systems")] *= sum(count * share for count, share in TURNS.items())

    def piece(self, valid, first):
        """A thread of a subject, from the right side of the hold-out."""
        name = self.rng.choices(self.names, self.weights)[0]
        while True:
            thread = self.sources[name](self.rng)
            reserved = any(phrasing.normalise(turn.question) in self.reserved for turn in thread.turns)
            held = held_out(thread.key) and thread.key not in self.kept
            if held == valid and not reserved:
                break
        if thread.opens and not first:
            return self.piece(valid, first)
        return name, thread

    def record(self, valid):
        rng = self.rng
        name, thread = self.piece(valid, True)
        turns, system, used = list(thread.turns), thread.system, [(name, thread)]
        count = 1 if thread.closes else rng.choices(list(TURNS), TURNS.values())[0]
        while len(used) < count and len(turns) < 5:
            name, thread = self.piece(valid, False)
            if name == "remembering" and any(other in ("remembering", "systems") for other, _ in used):
                continue
            if {turn.question for turn in thread.turns} & {turn.question for turn in turns}:
                continue
            if depends(thread) and any(other in ("remembering", "systems") for other, _ in used):
                continue
            if name == "remembering" and any(depends(other) for _, other in used):
                continue
            turns += thread.turns
            used.append((name, thread))
        if not system and rng.random() < REPEAT:
            turns.append(Turn(phrasing.ask(rng, rng.choice(AGAIN), opening=False), turns[-1].answer))
        elif not system and rng.random() < SURE and name in CERTAIN + UNCERTAIN:
            sure = f"Yes, I am sure. {turns[-1].answer}" if name in CERTAIN else "I think so, but I am a small model, so please check what matters."
            turns.append(Turn(phrasing.ask(rng, rng.choice(ARE_YOU_SURE), opening=False), sure))
        elif not system and rng.random() < THANK:
            turns.append(Turn(phrasing.ask(rng, rng.choice(THANKS), opening=False), rng.choice(("You are welcome!", "You are welcome! I am glad that I could help."))))
        if not system and rng.random() < PLAIN_SYSTEM:
            system = systems.plain(rng)
        messages = [{"role": "system", "content": system}] if system else []
        for turn in turns:
            messages += [{"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer}]
        return messages, used

    def card_record(self, subject, question):
        """A conversation with exactly this question, so that chance cannot leave it out."""
        while True:
            thread = self.sources[subject](self.rng)
            if thread.turns[0].question == question and not thread.system:
                turn = thread.turns[0]
                return [{"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer}]

    def write(self, path, characters, valid=False, seen=(), first=()):
        """`first` and then distinct records until the characters are reached. Returns the lines."""
        lines, total = {json.dumps({"messages": messages}): len(messages) for messages in first}, 0
        while total < characters:
            messages, used = self.record(valid)
            line = json.dumps({"messages": messages}, ensure_ascii=False)
            if line in lines or line in seen:
                continue
            lines[line] = len(messages)
            total += sum(len(message["content"]) for message in messages)
            if not valid:
                for name, thread in used:
                    self.characters[name] += length(thread)
                    self.exchanges[name] += len(thread.turns)
        order = list(lines)
        self.rng.shuffle(order)
        path.write_text("\n".join(order) + "\n")
        return lines, total


def depends(thread):
    """Whether an answer would change if a name and the like had been given before."""
    said = ("told me", "your name", "starter model", "call me", "my name is", "model that comes with Quern")
    return any(words in turn.answer for turn in thread.turns for words in said)


def read_questions():
    spec = json.loads((Path(__file__).parent / "questions.json").read_text())
    rows = spec["questions"] + [{"question": turn, "in_training": None} for exchange in spec["exchanges"] for turn in exchange["turns"]]
    return spec, rows


def check_questions(rows, lines):
    """The card's questions stand in the training text exactly where they say so, with answers that the card accepts."""
    records = [json.loads(line)["messages"] for line in lines]
    asked = {message["content"] for messages in records for message in messages if message["role"] == "user"}
    answers = defaultdict(set)
    for messages in records:
        if messages[0]["role"] == "user":
            answers[messages[0]["content"]].add(messages[1]["content"])
    for row in rows:
        if row["in_training"] is not None and (row["question"] in asked) != row["in_training"]:
            raise SystemExit(f"questions.json: {row['question']!r} is {'not ' if row['in_training'] else ''}in the training text")
        if row["in_training"]:
            for answer in answers[row["question"]]:
                if not accepts(row, answer):
                    raise SystemExit(f"questions.json: {row['question']!r} is answered {answer!r} in the training text, which the card refuses")


def accepts(row, answer):
    """At least one of `any` (if there are some) and each of `all`, in small or capital letters."""
    found = [word for word in row["any"] if word.lower() in answer.lower()]
    return (bool(found) or not row["any"]) and all(word.lower() in answer.lower() for word in row["all"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--characters", type=int, default=CHARACTERS)
    arguments = parser.parse_args()

    _, rows = read_questions()
    reserved = {phrasing.normalise(row["question"]) for row in rows if row["in_training"] is False}
    kept = {phrasing.normalise(row["question"]) for row in rows if row["in_training"]}
    corpus = Corpus(arguments.seed, reserved, kept)
    arguments.out.mkdir(parents=True, exist_ok=True)
    card = [corpus.card_record(row["subject"], row["question"]) for row in rows if row["in_training"]]
    train, total = corpus.write(arguments.out / "train.jsonl", arguments.characters, first=card)
    valid, valid_total = corpus.write(arguments.out / "valid.jsonl", arguments.characters * HELD_OUT, True, train)
    check_questions(rows, train)

    print(f"{'subject':<14}{'exchanges':>10}{'characters':>12}{'share':>8}")
    whole = sum(corpus.characters.values())
    for name in SHARES:
        print(f"{name:<14}{corpus.exchanges[name]:>10}{corpus.characters[name]:>12}{corpus.characters[name] / whole:>8.1%}")
    several = sum(1 for count in train.values() if count > 3)
    print(f"train: {len(train)} records, {several / len(train):.0%} of several turns, {total} characters, about {total / 4.2 / 1e6:.2f} M tokens")
    print(f"valid: {len(valid)} records, {valid_total} characters")


if __name__ == "__main__":
    main()
