"""Conversations in which the model must remember what the user said.

Many of the values are invented names, so that the model learns to copy from the conversation and not to recite.
"""

from . import lists, phrasing
from .thread import Thread, Turn


def a_name(rng):
    return lists.invented(rng) if rng.random() < 0.4 else rng.choice(lists.NAMES)


def a_city(rng):
    return lists.invented(rng) if rng.random() < 0.4 else rng.choice(lists.CITIES)


# attribute: (how to draw a value, how the user says it, what the model replies, how the user asks, what the model then says)
FACTS = {
    "name": (a_name,
             ("my name is {v}", "my name is {v}", "I am {v}", "I'm {v}", "hello, my name is {v}", "hi, I am {v}", "hi, I'm {v}", "call me {v}", "you can call me {v}", "people call me {v}",
              "hey, my name is {v}", "hello! I am {v}", "I am called {v}", "my name's {v}", "please call me {v}", "hi, my name is {v}", "good morning, I am {v}", "this is {v}"),
             ("Nice to meet you, {v}!", "Nice to meet you, {v}! How can I help you?", "Hello, {v}! Nice to meet you."),
             ("what is my name", "what is my name", "what's my name", "do you know my name", "do you remember my name", "who am I", "can you tell me my name", "what did I say my name was",
              "tell me my name", "say my name", "what am I called", "do you still know my name", "what was my name", "do you know who I am"),
             ("Your name is {v}.",)),
    "colour": (lambda rng: rng.choice(lists.COLOURS),
               ("my favourite colour is {v}", "my favorite color is {v}", "I like {v} best of all colours", "the colour I like best is {v}", "I love the colour {v}"),
               ("{V} is a nice colour!", "I will remember that you like {v}."),
               ("what is my favourite colour", "what's my favourite colour", "what is my favorite color", "which colour do I like best", "which colour do I like", "do you remember my favourite colour", "tell me my favourite colour"),
               ("Your favourite colour is {v}.",)),
    "city": (a_city,
             ("I live in {v}", "I live in {v}", "my home is in {v}", "I am living in {v}", "my city is {v}", "I have a home in {v}"),
             ("{v} sounds like a nice place!", "I will remember that you live in {v}."),
             ("where do I live", "which city do I live in", "what city do I live in", "do you remember where I live", "where is my home", "can you tell me where I live", "in which city do I live"),
             ("You live in {v}.",)),
    "food": (lambda rng: rng.choice(lists.FOODS),
             ("my favourite food is {v}", "my favorite food is {v}", "the food I like best is {v}", "I love to eat {v}", "I like {v} best of all foods"),
             ("That sounds tasty!", "I will remember that you like {v}."),
             ("what is my favourite food", "what's my favourite food", "what is my favorite food", "what do I like to eat", "which food do I like best", "do you remember my favourite food"),
             ("Your favourite food is {v}.",)),
    "animal": (lambda rng: rng.choice(lists.ANIMALS),
               ("my favourite animal is the {v}", "my favorite animal is the {v}", "the animal I like best is the {v}", "I like the {v} best of all animals"),
               ("That is a nice animal!", "I will remember that you like the {v}."),
               ("what is my favourite animal", "what's my favourite animal", "which animal do I like best", "what is my favorite animal", "do you remember my favourite animal"),
               ("Your favourite animal is the {v}.",)),
    "cat": (a_name,
            ("I have a cat called {v}", "my cat is called {v}", "my cat's name is {v}", "the name of my cat is {v}", "I have a cat named {v}"),
            ("{v} is a nice name for a cat!", "I hope that {v} is well."),
            ("what is my cat called", "what is the name of my cat", "what is my cat's name", "do you remember the name of my cat", "how is my cat called"),
            ("Your cat is called {v}.",)),
    "dog": (a_name,
            ("I have a dog called {v}", "my dog is called {v}", "my dog's name is {v}", "the name of my dog is {v}", "I have a dog named {v}"),
            ("{v} is a nice name for a dog!", "I hope that {v} is well."),
            ("what is my dog called", "what is the name of my dog", "what is my dog's name", "do you remember the name of my dog", "how is my dog called"),
            ("Your dog is called {v}.",)),
    "sister": (a_name,
               ("my sister is called {v}", "my sister's name is {v}", "I have a sister called {v}", "the name of my sister is {v}"),
               ("{v} is a nice name!", "I will remember that your sister is called {v}."),
               ("what is my sister called", "what is my sister's name", "what is the name of my sister", "do you remember my sister's name"),
               ("Your sister is called {v}.",)),
    "friend": (a_name,
               ("my friend is called {v}", "my best friend is {v}", "my friend's name is {v}", "I have a friend called {v}", "the name of my friend is {v}"),
               ("{v} is a nice name!", "It is good to have a friend like {v}."),
               ("what is my friend called", "what is my friend's name", "what is the name of my friend", "who is my friend", "do you remember my friend's name"),
               ("Your friend is called {v}.",)),
    "age": (lambda rng: str(rng.randint(8, 90)),
            ("I am {v} years old", "I'm {v} years old", "my age is {v}", "I am {v} years of age"),
            ("Thank you for telling me!", "I will remember that you are {v} years old."),
            ("how old am I", "what is my age", "do you remember how old I am", "do you know my age", "can you tell me how old I am"),
            ("You are {v} years old.",)),
    "job": (lambda rng: rng.choice(lists.JOBS),
            ("I am a {v}", "I work as a {v}", "I'm a {v} by trade"),
            ("That is good work!", "I will remember that you are a {v}."),
            ("what is my job", "what do I do", "what do I work as", "do you remember my job", "what is my work"),
            ("You are a {v}.",)),
    "hobby": (lambda rng: rng.choice(lists.HOBBIES),
              ("my hobby is {v}", "I like {v} in my free time", "in my free time I like {v}", "my favourite hobby is {v}"),
              ("That sounds like fun!", "I will remember that your hobby is {v}."),
              ("what is my hobby", "what's my hobby", "what do I do in my free time", "do you remember my hobby"),
              ("Your hobby is {v}.",)),
    "number": (lambda rng: str(rng.randint(1, 99) if rng.random() < 0.7 else rng.randint(100, 999)),
               ("remember the number {v}", "my lucky number is {v}", "please remember the number {v}", "my number is {v}", "keep the number {v} in mind"),
               ("I will remember the number {v}.", "All right: {v}."),
               ("what was the number", "what is my number", "which number did I tell you", "do you remember the number", "what number did I say"),
               ("The number is {v}.",)),
    "word": (lambda rng: rng.choice(lists.WORDS) if rng.random() < 0.7 else lists.invented(rng).lower(),
             ("remember the word {v}", "the secret word is {v}", "please remember the word {v}", "my word is {v}", "the password is {v}"),
             ("I will remember the word {v}.", "All right: {v}."),
             ("what was the word", "what is the word", "which word did I tell you", "do you remember the word", "what word did I say", "what is the secret word"),
             ("The word is {v}.",)),
}

WEIGHTS = {"name": 40, "colour": 9, "city": 10, "food": 7, "animal": 6, "cat": 5, "dog": 6, "sister": 4, "friend": 5, "age": 6, "job": 5, "hobby": 5, "number": 5, "word": 6}


def pick(rng, without=()):
    names = [name for name in WEIGHTS if name not in without]
    return rng.choices(names, [WEIGHTS[name] for name in names])[0]


def said(rng, attribute, value, prefix=""):
    _, says, replies, _, _ = FACTS[attribute]
    text = rng.choice(says).format(v=value)
    if prefix:
        text = prefix + phrasing.lower_first(text)
    style = rng.random()
    if style < 0.72:
        text = phrasing.upper_first(text) + rng.choice((".", ".", "!" if attribute == "name" else "."))
    elif style < 0.84:
        text = phrasing.upper_first(text)
    elif style < 0.92:
        text = text.lower()
    reply = rng.choice(replies).format(v=value, V=value.capitalize())
    return Turn(text, reply)


def asked(rng, attribute, value):
    _, _, _, asks, answers = FACTS[attribute]
    return Turn(phrasing.ask(rng, rng.choice(asks)), rng.choice(answers).format(v=value))


def value_of(rng, attribute):
    return FACTS[attribute][0](rng)


def simple(rng, between):
    """Told, perhaps something else in between, asked."""
    attribute = pick(rng)
    value = value_of(rng, attribute)
    turns = [said(rng, attribute, value)]
    if rng.random() < 0.5:
        turns += between(rng)
    turns.append(asked(rng, attribute, value))
    return Thread(turns, f"{attribute} {value}")


def two_facts(rng, between):
    """Two facts, and one of them is asked for; or both."""
    first = pick(rng)
    second = pick(rng, {first})
    a, b = value_of(rng, first), value_of(rng, second)
    if rng.random() < 0.5:
        turns = [said(rng, first, a), said(rng, second, b)]
    else:
        both = rng.choice(FACTS[first][1]).format(v=a) + rng.choice((" and ", ". ", ", and "))
        other = rng.choice(FACTS[second][1]).format(v=b)
        both += phrasing.upper_first(other) if both.endswith(". ") else phrasing.lower_first(other)
        reply = rng.choice(FACTS[first][2]).format(v=a, V=a.capitalize()) if first == "name" else "Thank you for telling me!"
        turns = [Turn(phrasing.upper_first(both) + ".", reply)]
    if rng.random() < 0.25:
        turns += between(rng)
    order = [(first, a), (second, b)]
    rng.shuffle(order)
    turns += [asked(rng, *fact) for fact in order[: rng.choice((1, 1, 2))]]
    return Thread(turns, f"{first} {a}\n{second} {b}")


def corrected(rng, between):
    """The second value counts."""
    attribute = pick(rng)
    old, new = value_of(rng, attribute), value_of(rng, attribute)
    prefix = rng.choice(("no, ", "sorry, ", "actually, ", "oh, I was wrong: ", "wait, ", "I made a mistake: "))
    turns = [said(rng, attribute, old), said(rng, attribute, new, prefix), asked(rng, attribute, new)]
    turns[1].answer = rng.choice(("All right, thank you for telling me.", "Thank you! I will remember that."))
    return Thread(turns, f"{attribute} {old}\n{attribute} {new}")


def not_told(rng, between):
    """One thing was told, another is asked for."""
    told = pick(rng)
    other = pick(rng, {told, "number", "word"} | ({"cat", "dog"} if told in ("cat", "dog") else set()))
    value = value_of(rng, told)
    question = asked(rng, other, "")
    if other == "name":
        question.answer = rng.choice(("I do not know your name yet. What is it?", "You have not told me your name yet. What is it?"))
    else:
        question.answer = rng.choice(("I do not know that, because you have not told me yet.", "You have not told me that yet."))
    return Thread([said(rng, told, value), question], f"{told} {value}")


def at_once(rng, between):
    """Told and asked in one message."""
    attribute = pick(rng)
    value = value_of(rng, attribute)
    question = asked(rng, attribute, value)
    text = phrasing.upper_first(rng.choice(FACTS[attribute][1]).format(v=value)) + ". " + phrasing.upper_first(rng.choice(FACTS[attribute][3])) + "?"
    return Thread([Turn(text, question.answer)], f"{attribute} {value}")


def then_answered(rng, between):
    """The model asks for the name and gets it, sometimes without any other word."""
    name = a_name(rng)
    first = Turn(phrasing.ask(rng, rng.choice(FACTS["name"][3])), rng.choice(("I do not know your name yet. What is it?", "You have not told me your name yet. What is it?")))
    says = rng.choice(("{v}", "{v}.", "It is {v}.", "it's {v}", "My name is {v}.", "I am {v}.", "{v}!"))
    turns = [first, Turn(says.format(v=name), rng.choice(FACTS["name"][2]).format(v=name))]
    if rng.random() < 0.6:
        turns.append(asked(rng, "name", name))
    return Thread(turns, f"name {name}")


def greeting_only(rng, between):
    """Only the name, answered by a greeting that copies it."""
    name = a_name(rng)
    turns = [said(rng, "name", name)]
    return Thread(turns, f"name {name}")


KINDS = ((simple, 42), (two_facts, 20), (corrected, 8), (not_told, 9), (at_once, 5), (then_answered, 6), (greeting_only, 6))


def source(between):
    """`between(rng)` gives turns on something else."""
    return lambda rng: rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng, between)
