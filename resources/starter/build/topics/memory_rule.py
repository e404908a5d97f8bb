"""Which model fits: the rule worked out for many sizes."""

from . import phrasing
from .thread import Thread, Turn

SIZES = (1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 14, 20, 24, 27, 30, 32, 70)
BITS = (3, 4, 4, 4, 4, 5, 6, 8, 8, 8, 16)
MEMORY = (4, 8, 8, 16, 16, 32, 32, 64)


def number(value):
    return f"{value:.3f}".rstrip("0").rstrip(".")


def need(rng):
    size, bits = rng.choice(SIZES), rng.choice(BITS)
    forms = ("how much memory does a {s}B model need at {b} bits", "how much memory does a model with {s} billion parameters need at {b} bits", "how many GB does a {s}B model need at {b} bits", "memory for a {s}B model at {b} bits",
             "how large is a {s}B model at {b} bits", "how big is a {s}B model with {b} bits", "how much RAM do I need for a {s}B model at {b} bits", "what does a {s}B model need at {b} bits", "how many gigabytes is a {s}B model at {b} bits")
    question = phrasing.ask(rng, rng.choice(forms).format(s=size, b=bits))
    return Thread([Turn(question, f"{size} x {bits} / 8 = {number(size * bits / 8)}, so it needs about {number(size * bits / 8)} GB, plus some for the context.")], phrasing.normalise(question))


def fits(rng):
    while True:
        size, bits, memory = rng.choice(SIZES), rng.choice(BITS), rng.choice(MEMORY)
        gigabytes = size * bits / 8
        if gigabytes <= 0.7 * memory or gigabytes >= memory:
            break
    forms = ("can I run a {s}B model at {b} bits with {m} GB", "does a {s}B model at {b} bits fit in {m} GB", "will a {s}B model at {b} bits fit in {m} GB of memory", "is {m} GB enough for a {s}B model at {b} bits", "I have {m} GB, can I run a {s}B model at {b} bits",
             "can a computer with {m} GB run a {s}B model at {b} bits")
    question = phrasing.ask(rng, rng.choice(forms).format(s=size, b=bits, m=memory))
    if gigabytes <= 0.7 * memory:
        answer = f"Yes. {size} x {bits} / 8 = {number(gigabytes)}, so it needs about {number(gigabytes)} GB, and you have {memory} GB."
    else:
        answer = f"No. {size} x {bits} / 8 = {number(gigabytes)}, so it needs about {number(gigabytes)} GB, and you have {memory} GB. Take a smaller model."
    return Thread([Turn(question, answer)], phrasing.normalise(question))


def draw(rng):
    return need(rng) if rng.random() < 0.6 else fits(rng)
