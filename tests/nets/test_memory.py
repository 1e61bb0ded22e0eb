"""How much memory a group of processes is left, as the system's files tell it."""

import pytest

from cnnviz.nets.memory import _left_to_group

GB = 10**9


def group(folder, limit, used, cached, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, (limit, used), strict=True):
        (folder / name).write_text(f"{text}\n")
    inactive = "inactive_file" if "max" in names[0] else "total_inactive_file"
    (folder / "memory.stat").write_text(f"anon 5\n{inactive} {cached}\nslab 7\n")


SECOND = ("memory.max", "memory.current")
FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes")


@pytest.mark.parametrize(
    ("line", "top", "names"),
    [("0::/box/inner", "", SECOND), ("4:memory:/box/inner", "memory", FIRST)],
)
def test_every_group_around_the_process_counts(tmp_path, line, top, names):
    own, root = tmp_path / "own", tmp_path / "groups"
    own.write_text(f"9:cpu:/elsewhere\n{line}\n")
    group(root / top / "box", 8 * GB, 3 * GB, 1 * GB, names)
    group(root / top / "box" / "inner", 4 * GB, 1 * GB, 0, names)
    assert sorted(_left_to_group(own, root)) == [3 * GB, 6 * GB]


def test_a_group_without_limit_leaves_all(tmp_path):
    own, root = tmp_path / "own", tmp_path / "groups"
    own.write_text("0::/box\n")
    group(root / "box", "max", 3 * GB, 1 * GB, SECOND)
    assert list(_left_to_group(own, root)) == []


def test_used_up_is_nothing_and_never_less(tmp_path):
    own, root = tmp_path / "own", tmp_path / "groups"
    own.write_text("0::/\n")
    group(root, 2 * GB, 3 * GB, 0, SECOND)
    assert list(_left_to_group(own, root)) == [0]


def test_no_groups_at_all(tmp_path):
    assert list(_left_to_group(tmp_path / "none", tmp_path)) == []
