"""FileStore is shared by processes, threads with event loops of their own, and forked children."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise
from pathlib import Path

from filing import names, read, run, start, swap, unmeasured
from mintonce.stores import FileStore


def test_eight_processes_lose_no_count(tmp_path: Path) -> None:
    """Eight processes that raise one counter at the same time raise it by all that they did."""
    count = "asyncio.run(raise_counter(20))"
    workers = [start(count, tmp_path / "t", unmeasured()) for _ in range(8)]
    assert [0] * 8 == [worker.wait(60) for worker in workers]
    for worker in workers:
        worker.communicate()
    assert read(FileStore(tmp_path / "t")) == b"160"
    assert {"key", "key.lock"} == names(tmp_path / "t")


def test_threads_with_loops_of_their_own_lose_no_count(tmp_path: Path) -> None:
    """One store object serves several event loops at once, and keeps nothing of them."""
    store = FileStore(tmp_path / "t")

    async def raise_counter() -> None:
        done = False
        while not done:
            old = await store.read("key")
            done = await store.swap("key", old, b"%d" % (int(old or 0) + 1), ttl=60)

    async def raise_often() -> None:
        await asyncio.gather(*(raise_counter() for _ in range(10)))

    threads = [threading.Thread(target=asyncio.run, args=[raise_often()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(store) == b"40"
    assert 0 == len(store._queues)


def test_tasks_take_turns(tmp_path: Path) -> None:
    """Swaps that are asked for at once are done in that order: each can build on the last."""
    store = FileStore(tmp_path / "t")

    async def chain() -> list[bool]:
        links: list[bytes | None] = [None, *(b"%d" % number for number in range(20))]
        swaps = (store.swap("key", old, new, ttl=60) for old, new in pairwise(links))
        return await asyncio.gather(*swaps)

    assert [True] * 20 == asyncio.run(chain())


def test_the_event_loop_touches_no_file(tmp_path: Path) -> None:
    """Whatever may wait for a disk happens in worker threads, while the event loop goes on."""
    code = """
import threading
events = set()
def hook(event, args):
    if args and str(args[0]).startswith(sys.argv[1]):
        events.add((event, threading.current_thread() is threading.main_thread()))
sys.addaudithook(hook)
asyncio.run(raise_counter(2))
asyncio.run(store.swap("key", b"2", None, ttl=60))
print(*sorted(event for event, _ in events), [event for event, on_loop in events if on_loop])
"""
    events = run(code, tmp_path / "t")
    assert {"open", "os.mkdir", "os.remove", "os.rename"} <= set(events.split())
    assert events.endswith(" []\n")


def test_forked_children_inherit_no_lock(tmp_path: Path) -> None:
    """Children that are forked while threads swap can swap themselves, and block nobody by it."""
    code = """
import threading, warnings
warnings.simplefilter("ignore")  # forking beside threads is what this is about
asyncio.run(raise_counter(1))
over = threading.Event()
def hammer(key):
    async def swaps():
        while not over.is_set():
            assert await store.swap(key, None, key.encode(), ttl=60)
            assert await store.swap(key, key.encode(), None, ttl=60)
    asyncio.run(swaps())
threads = [threading.Thread(target=hammer, args=[f"key-{n}"]) for n in range(2)]
for thread in threads: thread.start()
children = []
for _ in range(20):
    child = os.fork()
    if not child:
        asyncio.run(raise_counter(2))
        sys.stdin.read()  # lives on, with whatever it inherited
        os._exit(0)
    children.append(child)
over.set()
for thread in threads: thread.join()
print("ready", flush=True)
sys.stdin.read()
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
    process = start(code, tmp_path / "t", unmeasured())
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    for key in ("key-0", "key-1"):
        assert swap(FileStore(tmp_path / "t"), None, b"value", key)
    printed, _ = process.communicate(timeout=60)
    assert f"{[0] * 20}\n" == printed
    assert read(FileStore(tmp_path / "t")) == b"41"


def test_a_fork_during_the_first_swap(tmp_path: Path) -> None:
    """Children that are forked at any moment of the first swap of a process can swap themselves."""
    code = """
import threading, warnings
warnings.simplefilter("ignore")  # as above
def in_child(key):
    swap = store.swap(key, None, b"value", ttl=60)
    thread = threading.Thread(target=asyncio.run, args=[swap])
    thread.start()
    thread.join(20)
    os._exit(thread.is_alive())
async def first_swap():
    children, swapping = [], asyncio.create_task(raise_counter(1))
    for number in range(20):
        child = os.fork()
        if not child:
            in_child(f"key-{number}")
        children.append(child)
        await asyncio.wait([swapping], timeout=0.002)
    await swapping
    return [os.waitpid(child, 0)[1] for child in children]
print(asyncio.run(first_swap()))
"""
    assert f"{[0] * 20}\n" == run(code, tmp_path / "t", unmeasured())
    values = {path.name for path in (tmp_path / "t").iterdir() if not path.suffix}
    assert {"key", *(f"key-{number}" for number in range(20))} == values
