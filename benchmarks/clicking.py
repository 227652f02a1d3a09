"""People who click: each opens one page after the other, with a moment between; in a process of their own."""

import asyncio
import json
import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

LONGEST = 600


@dataclass(frozen=True)
class Click:
    """One page that a person opens: which screen it is, and its address."""

    screen: str
    address: str


@dataclass(frozen=True)
class Person:
    """One who clicks: the cookie of their session, and the pages in the order in which they open them."""

    cookie: str
    clicks: Sequence[Click]


@dataclass(frozen=True)
class Answered:
    """One answer: the screen, its status, seconds from the click until all of the page was there."""

    screen: str
    address: str
    status: int
    seconds: float


def click_all(base: str, people: Sequence[Person], pause: float) -> list[Answered]:
    """Let all people click side by side, each with `pause` seconds on average between an answer and the next click."""
    queue: multiprocessing.Queue[str] = multiprocessing.Queue()
    child = multiprocessing.Process(target=_child, args=(base, list(people), pause, queue))
    child.start()
    found = json.loads(queue.get(timeout=LONGEST))
    child.join()
    return [Answered(*each) for each in found]


def _child(base: str, people: list[Person], pause: float, queue: "multiprocessing.Queue[str]") -> None:
    queue.put(json.dumps(asyncio.run(_all(base, people, pause))))


async def _all(base: str, people: list[Person], pause: float) -> list[tuple[str, str, int, float]]:
    found: list[tuple[str, str, int, float]] = []
    await asyncio.gather(*(_one(base, person, pause, random.Random(n), found) for n, person in enumerate(people)))
    return found


async def _one(
    base: str, person: Person, pause: float, dice: random.Random, found: list[tuple[str, str, int, float]]
) -> None:
    headers = {"Cookie": f"sessionid={person.cookie}"}
    async with aiohttp.ClientSession(base, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for click in person.clicks:
            await asyncio.sleep(dice.expovariate(1 / pause) if pause else 0)
            began = time.perf_counter()
            async with session.get(click.address, allow_redirects=False) as answer:
                await answer.read()
            found.append((click.screen, click.address, answer.status, time.perf_counter() - began))
