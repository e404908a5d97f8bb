"""Sums with small numbers. Every answer repeats the sum, so that the model writes the numbers before the result."""

from . import lists, phrasing
from .thread import Thread, Turn, with_another

ADD = (*("what is {a} + {b}",) * 8, *("{a} + {b}",) * 2, *("what is {a} plus {b}",) * 2, "what's {a} + {b}", "{a} + {b}", "{a}+{b}", "{a} + {b} = ?", "{a} + {b} =", "what is {a} plus {b}", "{a} plus {b}", "add {a} and {b}",
       "how much is {a} + {b}", "how much is {a} plus {b}", "what is the sum of {a} and {b}", "what do you get if you add {a} and {b}", "calculate {a} + {b}",
       "compute {a} + {b}", "can you add {a} and {b}", "what does {a} + {b} make", "tell me what {a} + {b} is", "what are {a} and {b} together", "solve {a} + {b}",
       "do you know what {a} + {b} is", "can you tell me what {a} plus {b} is", "add {b} to {a}")
SUBTRACT = (*("what is {a} - {b}",) * 8, *("{a} - {b}",) * 2, *("what is {a} minus {b}",) * 2, "what's {a} - {b}", "{a} - {b}", "{a}-{b}", "{a} - {b} = ?", "{a} - {b} =", "what is {a} minus {b}", "{a} minus {b}",
            "how much is {a} - {b}", "how much is {a} minus {b}", "subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}", "calculate {a} - {b}",
            "compute {a} - {b}", "what is {a} less {b}", "what is the difference between {a} and {b}", "tell me what {a} - {b} is", "solve {a} - {b}",
            "can you subtract {b} from {a}", "can you tell me what {a} minus {b} is")
MULTIPLY = (*("what is {a} x {b}", "what is {a} times {b}") * 4, "what is {a} * {b}", "what is {a} times {b}", "{a} times {b}", "{a} x {b}", "{a} * {b}", "{a}*{b}", "multiply {a} by {b}", "multiply {a} and {b}",
            "how much is {a} times {b}", "how much is {a} x {b}", "calculate {a} x {b}", "what's {a} times {b}", "tell me what {a} times {b} is", "what is the product of {a} and {b}",
            "compute {a} * {b}", "can you multiply {a} by {b}", "{a} x {b} = ?", "solve {a} x {b}")

NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def turn(rng, forms, answer, **fields):
    question = phrasing.ask(rng, phrasing.expand(rng, rng.choice(forms).format(**fields)))
    return Thread([Turn(question, answer)], phrasing.normalise(question), about=answer.split(" =")[0] if " =" in answer else None)


def spoken(rng, a, b):
    """Small numbers are now and then written as words."""
    if a <= 12 and b <= 12 and rng.random() < 0.08:
        return NUMBER_WORDS[a], NUMBER_WORDS[b]
    return a, b


def pair_key(thread, kind, a, b):
    """Large sums are held out by the pair, whatever the phrasing; small ones must all be learned."""
    if max(a, b) > 20:
        thread.key = f"{kind} {a} {b}"
    return thread


def not_often_zero(draw):
    """Sums with a zero are many among the small ones and teach little."""

    def fewer(rng):
        thread = draw(rng)
        while rng.random() < 0.8 and any(side.strip(" =.?") == "0" for side in thread.turns[0].answer.replace("-", "+").split("=")[0].split("+")):
            thread = draw(rng)
        return thread

    return fewer


@not_often_zero
def addition(rng):
    roll = rng.random()
    if roll < 0.45:
        n = rng.randint(1, 20)
        a = rng.randint(0, n)
        b = n - a
    elif roll < 0.6:
        a, b = rng.randint(0, 20), rng.randint(0, 20)
    else:
        a = rng.randint(0, 99)
        b = rng.randint(0, 100 - a if rng.random() < 0.75 else 99)
    x, y = spoken(rng, a, b)
    return pair_key(turn(rng, ADD, f"{a} + {b} = {a + b}.", a=x, b=y), "+", a, b)


@not_often_zero
def subtraction(rng):
    a = rng.randint(0, 20) if rng.random() < 0.55 else rng.randint(10, 100)
    b = rng.randint(0, a)
    x, y = spoken(rng, a, b)
    return pair_key(turn(rng, SUBTRACT, f"{a} - {b} = {a - b}.", a=x, b=y), "-", a, b)


def multiplication(rng):
    a, b = rng.randint(0, 12) if rng.random() < 0.3 else rng.randint(2, 10), rng.randint(1, 12) if rng.random() < 0.3 else rng.randint(2, 10)
    x, y = spoken(rng, a, b)
    return turn(rng, MULTIPLY, f"{a} x {b} = {a * b}.", a=x, b=y)


def division(rng):
    a, b = rng.randint(1, 10), rng.randint(2, 10)
    forms = ("what is {n} / {b}", "what is {n} divided by {b}", "{n} / {b}", "{n} divided by {b}", "divide {n} by {b}", "how much is {n} divided by {b}", "how many times does {b} fit in {n}")
    return turn(rng, forms, f"{a * b} / {b} = {a}.", n=a * b, b=b)


def double_or_half(rng):
    n = rng.randint(1, 50)
    if rng.random() < 0.5:
        forms = ("what is the double of {n}", "double {n}", "what is twice {n}", "what is two times {n}", "how much is twice {n}", "what is {n} doubled")
        return turn(rng, forms, f"The double of {n} is {2 * n}.", n=n)
    forms = ("what is half of {n}", "halve {n}", "what is the half of {n}", "how much is half of {n}", "half of {n}", "what is {n} halved")
    return turn(rng, forms, f"Half of {2 * n} is {n}.", n=2 * n)


def comparing(rng):
    top = rng.choice((10, 20, 100))
    a, b = rng.sample(range(top + 1), 2)
    larger, smaller = max(a, b), min(a, b)
    if rng.random() < 0.5:
        forms = ("which is [larger|bigger|greater|more], {a} or {b}", "which number is [larger|bigger], {a} or {b}", "what is [larger|bigger|more], {a} or {b}",
                 "is {a} or {b} [larger|bigger|greater]", "{a} or {b}, which is [larger|bigger]", "which one is the [larger|bigger] number: {a} or {b}")
        return turn(rng, forms, f"{larger} is larger than {smaller}.", a=a, b=b)
    if rng.random() < 0.5:
        forms = ("which is [smaller|less], {a} or {b}", "which number is smaller, {a} or {b}", "what is [smaller|less], {a} or {b}", "is {a} or {b} smaller", "{a} or {b}, which is smaller")
        return turn(rng, forms, f"{smaller} is smaller than {larger}.", a=a, b=b)
    forms = ("is {a} [larger|bigger|greater|more] than {b}", "is it true that {a} is [larger|bigger] than {b}")
    return turn(rng, forms, f"Yes, {a} is larger than {b}." if a > b else f"No, {a} is smaller than {b}.", a=a, b=b)


def counting(rng):
    if rng.random() < 0.5:
        n = rng.choice((3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 10, 12, 15, 20))
        forms = ("count to {n}", "count from 1 to {n}", "can you count to {n}", "can you count from 1 to {n}", "count up to {n}", "say the numbers from 1 to {n}")
        return turn(rng, forms, ", ".join(map(str, range(1, n + 1))) + ".", n=n)
    if rng.random() < 0.5:
        n = rng.choice((3, 4, 5, 5, 6, 8, 10, 10, 10))
        forms = ("count down from {n}", "count backwards from {n}", "count from {n} down to 1", "can you count down from {n}", "count down from {n} to 1")
        return turn(rng, forms, ", ".join(map(str, range(n, 0, -1))) + ".", n=n)
    a = rng.randint(1, 40)
    b = a + rng.randint(2, 6)
    forms = ("count from {a} to {b}", "can you count from {a} to {b}", "list the numbers from {a} to {b}", "say the numbers from {a} to {b}")
    return turn(rng, forms, ", ".join(map(str, range(a, b + 1))) + ".", a=a, b=b)


def parity(rng):
    n = rng.randint(0, 100)
    kind = "even" if n % 2 == 0 else "odd"
    forms = ("is {n} even or odd", "is {n} odd or even", "even or odd: {n}", "is {n} an even or an odd number", "is the number {n} even or odd", "{n}: even or odd")
    if rng.random() < 0.4:
        asked = rng.choice(("even", "odd"))
        forms = (f"is {{n}} {asked}", f"is {{n}} an {asked} number", f"is the number {{n}} {asked}")
        return turn(rng, forms, f"{'Yes' if asked == kind else 'No'}, {n} is {kind}.", n=n)
    return turn(rng, forms, f"{n} is {kind}.", n=n)


def neighbour(rng):
    n = rng.randint(1, 99) if rng.random() < 0.6 else rng.randint(1, 20)
    if rng.random() < 0.65:
        forms = ("what comes after {n}", "which number comes after {n}", "what number comes after {n}", "what is the next number after {n}", "what is the number after {n}",
                 "what is one more than {n}", "which number follows {n}", "next number after {n}")
        return turn(rng, forms, f"{n + 1} comes after {n}.", n=n)
    forms = ("what comes before {n}", "which number comes before {n}", "what number comes before {n}", "what is the number before {n}", "what is one less than {n}")
    return turn(rng, forms, f"{n - 1} comes before {n}.", n=n)


def sequence(rng):
    start, step = rng.randint(0, 20), rng.choice((1, 1, 2, 2, 5, 10))
    if step in (5, 10):
        start = step * rng.randint(0, 5)
    shown = [start + step * i for i in range(4)]
    forms = ("what comes next: {s}", "what is the next number: {s}", "continue: {s}", "which number comes next: {s}", "{s}, what comes next", "complete this: {s}")
    return turn(rng, forms, f"The next number is {start + 4 * step}.", s=", ".join(map(str, shown)))


STORIES_MORE = (
    "{name} has {a} {things} and gets {b} more. How many {things} does {name} have [now|]?",
    "{name} has {a} {things}. {other} gives {name} {b} more. How many {things} does {name} have [now|]?",
    "{name} buys {a} {things} and then {b} more. How many {things} does {name} have?",
    "{name} finds {a} {things} and later {b} {things}. How many {things} does {name} have?",
    "if {name} has {a} {things} and gets {b} more, how many does {name} have?",
)
STORIES_LESS = (
    "{name} has {a} {things} and loses {b}. How many {things} does {name} have [now|left|]?",
    "{name} has {a} {things}. {name} gives {b} to {other}. How many {things} does {name} have [now|left]?",
    "{name} has {a} {things} and gives away {b}. How many are left?",
    "there are {a} {things} and {name} takes {b}. How many are left?",
    "{name} had {a} {things} and sold {b}. How many {things} are left?",
    "if {name} has {a} {things} and loses {b}, how many are left?",
)
STORIES_TOGETHER = (
    "{name} has {a} {things} and {other} has {b} {things}. How many {things} do they have together?",
    "{name} has {a} {things} and {other} has {b}. How many do they have together?",
    "if {name} has {a} {things} and {other} has {b}, how many do they have together?",
)
STORIES_I = (
    ("I have {a} {things} and get {b} more. How many {things} do I have [now|]?", "+"),
    ("I have {a} {things} and [lose|give away|sell] {b}. How many {things} do I have [now|left]?", "-"),
    ("I had {a} {things} and [ate|used|lost] {b}. How many are left?", "-"),
    ("I bought {a} {things} and then {b} more. How many do I have?", "+"),
)


def story(rng):
    name, other = rng.sample(lists.NAMES, 2)
    things = rng.choice(lists.THINGS)
    a, b = rng.randint(1, 12), rng.randint(1, 10)
    if rng.random() < 0.15:
        a, b = rng.randint(10, 60), rng.randint(1, 30)
    kind = rng.random()
    if kind < 0.3:
        forms, sign, end = STORIES_MORE, "+", f"{name} has {{n}} {{things}}"
    elif kind < 0.6:
        forms, sign, end = STORIES_LESS, "-", "{n} {things} are left"
    elif kind < 0.8:
        forms, sign, end = STORIES_TOGETHER, "+", "they have {n} {things} together"
    else:
        form, sign = rng.choice(STORIES_I)
        forms, end = (form,), "you have {n} {things}"
    if sign == "-" and a < b:
        a, b = b, a
    n = a + b if sign == "+" else a - b
    thing = things if n != 1 else singular(things)
    end = end.format(n=n, things=thing)
    if n == 1:
        end = end.replace("are left", "is left")
    question = phrasing.upper_first(phrasing.expand(rng, rng.choice(forms).format(a=a, b=b, name=name, other=other, things=things)))
    return Thread([Turn(question, f"{a} {sign} {b} = {n}, so {end}.")], f"story {sign} {a} {b} {name}")


def singular(things):
    return {"boxes": "box"}.get(things, things[:-1])


def chain(rng):
    """A sum, and then one that goes on from its result."""
    a, b, c = rng.randint(1, 20), rng.randint(1, 20), rng.randint(1, 10)
    n = a + b
    turns = [Turn(phrasing.ask(rng, rng.choice(ADD).format(a=a, b=b)), f"{a} + {b} = {n}.")]
    kind = rng.choice("+-x")
    if kind == "+":
        turns.append(Turn(phrasing.ask(rng, rng.choice(("and plus {c}", "plus {c}", "now add {c}", "and {c} more", "add {c} to that")).format(c=c)), f"{n} + {c} = {n + c}."))
    elif kind == "-":
        c = min(c, n)
        turns.append(Turn(phrasing.ask(rng, rng.choice(("and minus {c}", "minus {c}", "now take away {c}", "subtract {c} from that", "and {c} less")).format(c=c)), f"{n} - {c} = {n - c}."))
    else:
        turns.append(Turn(phrasing.ask(rng, rng.choice(("and times 2", "double that", "now double it", "times two"))), f"{n} x 2 = {2 * n}."))
    return Thread(turns, f"chain {a} {b} {c} {kind}")


KINDS = ((addition, 30), (subtraction, 22), (multiplication, 13), (division, 3), (double_or_half, 5), (comparing, 8), (counting, 5), (parity, 5),
         (neighbour, 5), (sequence, 3), (story, 14), (chain, 5))


ELLIPSES = ("and {w}", "what about {w}", "and what is {w}", "now {w}", "{w}", "how about {w}")


def follow(rng, text):
    return phrasing.ask(rng, text, opening=False)


def draw(rng):
    if rng.random() < 0.07:
        return with_another(rng, rng.choice((addition, addition, subtraction, multiplication)), ELLIPSES, follow)
    return rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng)
