"""Every interleaving of a few processes: an explicit-state model checker over the pure protocol.

The processes of the model take the steps of the driver, one store operation at a time, and leave
every decision to the functions of `mintonce` itself. `values` says what a state is made of,
`writes` is `mintonce.cell`, `process` and `minting` are the driver, `store` is what a write means
to others, `trouble` is what may go wrong, `rules` is what must hold, `explorer` and `search` go
everywhere, `worlds` names what is explored, and `story` tells the way to a state. `fleet` runs real
managers on a store and a server that do one thing at a time (`real`), and `follower` sees whether
the model can do the same.

What keeps it small, and why nothing is missed:

- Between two operations on the store nobody can notice what a process does: it is one step.
- Bytes are never written twice, so of what a process saw it only matters whether it is still there.
- Reading and swapping in an update are one step (`merging`).
- Names of processes do not matter: of states that differ by them, one is visited (`naming`).
- Time is three instants: only expiries and the ends of pauses depend on it. A lease is dead when
  nobody keeps it alive, and who looks for the second time may have waited for that.
- Mints that are settled are forgotten, but for their count: nothing asks for them any more.
"""
