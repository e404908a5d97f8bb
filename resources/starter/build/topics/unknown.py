"""Questions from outside the model's world, and how it says that it does not know.

Each kind stands close to something that the model does know ("Who are you?", "What is the capital of Norway?"), so that
it learns the border and not a word. Questions that need no invented name stand in unknown.txt.
"""

from . import lists, phrasing, written
from .thread import Thread, Turn

FIRST = ("I do not know that.", "I do not know that.", "I do not know the answer.", "Sorry, I do not know that.")
SECOND = (
    "I am a small model that came with Quern. A larger model can help: you can download one on the Discover page.",
    "I am only the small model that came with Quern, and I know few things. "
    "You can download a larger model on the Discover page.",
    "I am a very small model. A larger one from the Discover page may know it.",
)

COUNTRIES = """France Germany Italy Spain Norway Sweden Poland Japan China India Canada Brazil Egypt Kenya Peru Chile
Greece Turkey Mexico Russia""".split()

THINGS = """photosynthesis|the speed of light|gravity|a black hole|an atom|DNA|a molecule|inflation|democracy|the stock market|
blockchain|bitcoin|a virus|an enzyme|calculus|algebra|the theory of relativity|quantum physics|evolution|
a neutron star|the Roman Empire|the French Revolution|the Cold War|philosophy|economics|electricity|magnetism|
a volcano|an earthquake|a vaccine|insulin|cholesterol|a mortgage|a tax return|a compiler|a database|
an operating system kernel|TCP|a blockchain wallet|a carburettor|a transistor|a semiconductor|jazz|baroque music|
cubism|impressionism|a haiku|a sonnet|Buddhism|Islam|Christianity|Stoicism|a polynomial|an integral|a logarithm|
the Higgs boson|plate tectonics|the ozone layer|a comet|Mars|Jupiter|RLHF|reinforcement learning|a convolution|
diffusion|a random forest|a support vector machine|a hash table|recursion|Kubernetes|Docker|a black swan|
chess notation|origami|cricket|baseball|karate|sourdough|espresso|a saxophone|a cello|an opera|a marathon|
the Olympic Games|the Nobel Prize|a fossil|a dinosaur|a mammoth|a dragon|a unicorn|a pyramid|the Great Wall""".replace("\n", "").split("|")

PEOPLE = """Albert Einstein|Isaac Newton|Marie Curie|Napoleon|Julius Caesar|Cleopatra|Shakespeare|Mozart|Beethoven|
Leonardo da Vinci|Picasso|Gandhi|Charles Darwin|Galileo|Aristotle|Plato|Socrates|Abraham Lincoln|George Washington|
Queen Victoria|Alan Turing|Ada Lovelace|Steve Jobs|Bill Gates|Elvis Presley|Jane Austen|Charles Dickens|Homer|
Columbus|Marco Polo""".replace("\n", "").split("|")


def refuse(rng, text, answer=None):
    """A question, with its own answer or one of the general ones."""
    answer = answer or f"{rng.choice(FIRST)} {rng.choice(SECOND)}"
    question = phrasing.ask(rng, phrasing.expand(rng, text))
    return Thread([Turn(question, answer)], phrasing.normalise(question))


def person(rng):
    roll = rng.random()
    if roll < 0.35:
        name = f"{lists.invented(rng)} {lists.invented(rng)}"
    elif roll < 0.6:
        name = f"{rng.choice(lists.NAMES)} {lists.invented(rng)}"
    elif roll < 0.7:
        name = lists.invented(rng)
    else:
        name = rng.choice(PEOPLE)
    forms = (
        "who is {n}", "who is {n}", "who was {n}", "do you know {n}", "tell me about {n}", "what did {n} do",
        "when was {n} born", "have you heard of {n}", "where does {n} live", "how old is {n}",
        "what do you know about {n}", "what is {n} famous for", "when did {n} die", "is {n} still alive",
        "what is the job of {n}",
    )
    first = rng.choice(("I do not know who that is.", "I do not know that person."))
    return refuse(rng, rng.choice(forms).format(n=name), f"{first} {rng.choice(SECOND)}")


PLACE_QUESTIONS = (
    "what is the population of {n}", "how many people live in {n}", "what language do they speak in {n}",
    "what is {n} famous for", "how big is {n}", "how far is it to {n}", "what can I see in {n}", "how do I get to {n}",
    "what is the history of {n}", "what is the weather in {n}", "who is the mayor of {n}", "when was {n} founded",
    "what is the best hotel in {n}", "how old is {n}", "what is the time in {n}", "which river flows through {n}",
)


def place(rng):
    name = lists.invented(rng) if rng.random() < 0.6 else rng.choice(lists.CITIES + COUNTRIES)
    forms = PLACE_QUESTIONS
    if name not in lists.CITIES + COUNTRIES:
        forms += ("what is the capital of {n}", "where is {n}", "in which country is {n}", "what is {n}", "tell me about {n}")
    return refuse(rng, rng.choice(forms).format(n=name))


def thing(rng):
    name = rng.choice(THINGS)
    if rng.random() < 0.35:
        word = lists.invented(rng).lower()
        name = rng.choice((word, "a " + word if word[0] not in "aeiou" else "an " + word))
    forms = (
        "what is {n}", "what is {n}", "explain {n}", "tell me about {n}", "can you explain {n}",
        "what do you know about {n}", "how does {n} work", "define {n}", "describe {n}", "who invented {n}",
        "where does {n} come from", "do you know what {n} is", "can you tell me what {n} is", "what does {n} mean",
        "I want to know about {n}",
    )
    return refuse(rng, rng.choice(forms).format(n=name))


def large_sum(rng):
    """Beyond the sums that the model has learned."""
    a, b = rng.randint(200, 9999), rng.randint(100, 9999)
    sign = rng.choice("+-x*/")
    if sign in "x*/" and rng.random() < 0.5:
        a, b = rng.randint(20, 99), rng.randint(13, 99)
    if sign == "-" and b > a:
        a, b = b, a
    word = {"+": "plus", "-": "minus", "x": "times", "*": "times", "/": "divided by"}[sign]
    forms = (
        f"what is {a} {sign} {b}", f"what is {a} {sign} {b}", f"what is {a} {word} {b}", f"{a} {sign} {b}",
        f"how much is {a} {sign} {b}", f"calculate {a} {sign} {b}", f"can you tell me what {a} {word} {b} is",
    )
    return refuse(rng, rng.choice(forms), "Those numbers are too large for me. I can only do sums with small numbers.")


KINDS = ((written.source("unknown.txt", 0), 58), (person, 16), (place, 14), (thing, 16), (large_sum, 8))


def draw(rng):
    return rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng)
