"""Small tables of the world: capitals, animals, colours, days and months."""

from . import phrasing
from .thread import Thread, Turn, with_another

CAPITALS = dict(row.split(": ", 1) for row in """France: Paris|Germany: Berlin|Italy: Rome|Spain: Madrid|Portugal: Lisbon|England: London|Scotland: Edinburgh|Ireland: Dublin|Norway: Oslo|
Sweden: Stockholm|Denmark: Copenhagen|Finland: Helsinki|Iceland: Reykjavik|Poland: Warsaw|Austria: Vienna|Hungary: Budapest|Greece: Athens|Turkey: Ankara|
Russia: Moscow|Ukraine: Kyiv|Belgium: Brussels|the Netherlands: Amsterdam|Switzerland: Bern|Croatia: Zagreb|Serbia: Belgrade|Romania: Bucharest|
Bulgaria: Sofia|Estonia: Tallinn|Latvia: Riga|Lithuania: Vilnius|Egypt: Cairo|Kenya: Nairobi|Morocco: Rabat|Tunisia: Tunis|Ghana: Accra|
Japan: Tokyo|China: Beijing|India: New Delhi|South Korea: Seoul|Thailand: Bangkok|Vietnam: Hanoi|Canada: Ottawa|the United States: Washington|
Mexico: Mexico City|Cuba: Havana|Brazil: Brasilia|Argentina: Buenos Aires|Chile: Santiago|Peru: Lima|Australia: Canberra|New Zealand: Wellington""".replace("\n", "").split("|"))

SOUNDS = dict(row.split(": ", 1) for row in """dog: A dog barks: woof.|cat: A cat says meow.|cow: A cow says moo.|sheep: A sheep says baa.|pig: A pig says oink.|duck: A duck says quack.|
horse: A horse says neigh.|lion: A lion roars.|bee: A bee buzzes.|frog: A frog croaks.|owl: An owl says hoo.|snake: A snake hisses.|wolf: A wolf howls.|mouse: A mouse squeaks.|
rooster: A rooster crows.|hen: A hen clucks.|goat: A goat bleats.|donkey: A donkey brays.|crow: A crow caws.|bear: A bear growls.""".replace("\n", "").split("|"))

LEGS = {"dog": 4, "cat": 4, "cow": 4, "horse": 4, "sheep": 4, "pig": 4, "lion": 4, "elephant": 4, "rabbit": 4, "mouse": 4, "bear": 4, "wolf": 4, "fox": 4, "goat": 4, "frog": 4,
        "duck": 2, "hen": 2, "bird": 2, "chicken": 2, "penguin": 2, "owl": 2, "spider": 8, "bee": 6, "ant": 6, "fly": 6, "beetle": 6, "butterfly": 6, "snake": 0, "fish": 0, "worm": 0,
        "table": 4, "chair": 4, "person": 2}

COLOURS = {"the sky": "blue", "grass": "green", "snow": "white", "milk": "white", "a banana": "yellow", "a lemon": "yellow", "the sun": "yellow", "blood": "red", "a tomato": "red",
           "a strawberry": "red", "a carrot": "orange", "an orange": "orange", "coal": "black", "the night": "black", "chocolate": "brown", "wood": "brown", "a leaf": "green", "a frog": "green",
           "a cherry": "red", "the sea": "blue", "an elephant": "grey", "a mouse": "grey", "salt": "white", "sugar": "white", "a pumpkin": "orange", "a plum": "purple", "a violet": "violet",
           "a fire engine": "red", "coffee": "brown", "a swan": "white", "a cucumber": "green", "honey": "golden", "a flamingo": "pink", "a pig": "pink", "bread": "brown"}

YOUNG = {"dog": "puppy", "cat": "kitten", "cow": "calf", "horse": "foal", "sheep": "lamb", "pig": "piglet", "hen": "chick", "duck": "duckling", "goat": "kid", "bear": "cub", "lion": "cub"}

HOMES = {"bird": "in a nest", "fish": "in water", "bee": "in a hive", "cow": "on a farm", "pig": "on a farm", "lion": "in Africa", "penguin": "in the cold south", "whale": "in the sea",
         "frog": "near water", "fox": "in the forest", "owl": "in the forest", "spider": "in a web", "camel": "in the desert", "kangaroo": "in Australia", "sheep": "on a farm"}

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
MONTH_DAYS = dict(zip(MONTHS, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)))
ORDER = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()


def thread(rng, forms, answer, about=None, **fields):
    question = phrasing.ask(rng, phrasing.expand(rng, rng.choice(forms)).format(**fields))
    return Thread([Turn(question, answer)], phrasing.normalise(question), about=about)


def an(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(rng):
    country = rng.choice(sorted(CAPITALS))
    city = CAPITALS[country]
    if rng.random() < 0.25:
        forms = ("[which|what] country is {c} the capital of", "{c} is the capital of which country", "in which country is {c}", "where is {c}", "[which|what] country is {c} in")
        return thread(rng, forms, f"{city} is the capital of {country}.", c=city)
    forms = ("what is the capital of {c}", "what is the capital of {c}", "what's the capital of {c}", "capital of {c}", "which city is the capital of {c}", "tell me the capital of {c}",
             "do you know the capital of {c}", "can you tell me the capital of {c}", "name the capital of {c}", "what is the capital city of {c}", "what is the name of the capital of {c}")
    return thread(rng, forms, f"The capital of {country} is {city}.", country, c=country)


def sound(rng):
    animal = rng.choice(sorted(SOUNDS))
    forms = ("what sound does {a} make", "what does {a} say", "which sound does {a} make", "what noise does {a} make", "how does {a} sound", "what sound do {n}s make" if animal not in ("sheep", "mouse", "wolf") else "what sound does {a} make",
             "tell me what {a} says", "do you know what {a} says")
    return thread(rng, forms, SOUNDS[animal], an(animal), a=an(animal), n=animal)


def legs(rng):
    thing = rng.choice(sorted(LEGS))
    n = LEGS[thing]
    forms = ("how many legs does {a} have", "how many legs does {a} have", "how many legs has {a}", "number of legs of {a}", "tell me how many legs {a} has", "how many legs are on {a}", "do you know how many legs {a} has")
    return thread(rng, forms, f"{phrasing.upper_first(an(thing))} has {n or 'no'} legs.", an(thing), a=an(thing))


def colour(rng):
    thing = rng.choice(sorted(COLOURS))
    forms = ("what colour is {a}", "what color is {a}", "which colour is {a}", "what is the colour of {a}", "which colour does {a} have", "what colour does {a} have", "tell me the colour of {a}", "what is the color of {a}")
    return thread(rng, forms, f"{phrasing.upper_first(thing)} is {COLOURS[thing]}.", thing, a=thing)


def young(rng):
    animal = rng.choice(sorted(YOUNG))
    forms = ("what is a baby {a} called", "what do you call a baby {a}", "what is a young {a} called", "what do you call a young {a}", "how is a baby {a} called")
    return thread(rng, forms, f"A young {animal} is called a {YOUNG[animal]}.", animal, a=animal)


def home(rng):
    animal = rng.choice(sorted(HOMES))
    forms = ("where does {a} live", "where do you find {a}", "where is the home of {a}", "tell me where {a} lives")
    return thread(rng, forms, f"{phrasing.upper_first(an(animal))} lives {HOMES[animal]}.", a=an(animal))


def calendar(rng):
    names = DAYS if rng.random() < 0.55 else MONTHS
    kind = "day" if names is DAYS else "month"
    i = rng.randrange(len(names))
    here, after, before = names[i], names[(i + 1) % len(names)], names[i - 1]
    roll = rng.random()
    if roll < 0.5:
        forms = ("what comes after {h}", "[which|what] {k} comes after {h}", "what {k} is after {h}", "which {k} follows {h}", "what is the {k} after {h}", "tell me the {k} after {h}", "what is the next {k} after {h}",
                 "do you know which {k} comes after {h}") + (("if today is {h}, what is tomorrow", "today is {h}, what day is tomorrow") if names is DAYS else ())
        return thread(rng, forms, f"{after} comes after {here}.", here, h=here, k=kind)
    if roll < 0.8:
        forms = ("what comes before {h}", "[which|what] {k} comes before {h}", "what {k} is before {h}", "what is the {k} before {h}", "tell me the {k} before {h}") + (
            ("if today is {h}, what was yesterday",) if names is DAYS else ())
        return thread(rng, forms, f"{before} comes before {here}.", h=here, k=kind)
    if names is MONTHS and rng.random() < 0.5:
        forms = ("how many days does {h} have", "how many days are in {h}", "how long is {h}")
        return thread(rng, forms, f"{here} has {MONTH_DAYS[here]} days." if here != "February" else "February has 28 days, and 29 in a leap year.", h=here)
    group = "week" if names is DAYS else "year"
    forms = (f"what is the {{o}} {kind} of the {group}", f"which {kind} is the {{o}} {kind} of the {group}", f"which {kind} is the {{o}} of the {group}", f"tell me the {{o}} {kind} of the {group}")
    return thread(rng, forms, f"The {ORDER[i]} {kind} of the {group} is {here}.", o=ORDER[i])


KINDS = ((capital, 30), (sound, 10), (legs, 9), (colour, 13), (young, 5), (home, 5), (calendar, 24))


ELLIPSES = {
    capital: ("and of {w}", "and {w}", "what about {w}", "and the capital of {w}", "how about {w}", "and what is the capital of {w}"),
    sound: ("and {w}", "what about {w}", "how about {w}"),
    legs: ("and {w}", "what about {w}", "how about {w}"),
    colour: ("and {w}", "what about {w}", "how about {w}"),
    young: ("and a young {w}", "and of a {w}", "what about a {w}"),
    calendar: ("and after {w}", "what about {w}", "and what comes after {w}"),
}


def follow(rng, text):
    return phrasing.ask(rng, text, opening=False)


def draw(rng):
    if rng.random() < 0.12:
        kind = rng.choice(list(ELLIPSES))
        return with_another(rng, kind, ELLIPSES[kind], follow)
    return rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng)
