"""What a node of a cluster says about the cluster, read from `CLUSTER NODES`."""

from __future__ import annotations

from dataclasses import dataclass

SLOTS = 16_384


@dataclass(frozen=True, slots=True)
class Member:
    """A node as another node, or it itself, sees it."""

    id: str
    is_primary: bool
    is_well: bool
    primary_id: str
    epoch: int
    slots: tuple[range, ...]

    def owns(self, slot: int) -> bool:
        """Tell whether the node serves the slot."""
        return any(slot in part for part in self.slots)

    @property
    def place(self) -> tuple[str, bool, str, tuple[range, ...]]:
        """All on which the nodes of a settled cluster agree."""
        return self.id, self.is_primary, self.primary_id, self.slots


def read_members(text: str) -> dict[str, Member]:
    """Read the reply to `CLUSTER NODES`; the members come by their ids."""
    members = map(_read_member, text.splitlines())
    return {member.id: member for member in members}


def _read_member(line: str) -> Member:
    id_, _address, flags, primary, _ping, _pong, epoch, link, *slots = line.split()
    names = set(flags.split(","))
    return Member(
        id=id_,
        is_primary="master" in names,
        is_well=link == "connected" and not names & {"fail", "fail?", "handshake", "noaddr"},
        primary_id=primary,
        epoch=int(epoch),
        # In brackets are the slots that are on the move.
        slots=tuple(_read_slots(part) for part in slots if not part.startswith("[")),
    )


def _read_slots(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
