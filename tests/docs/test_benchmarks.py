"""The page of the benchmarks: its picture is that of its tables, and layers have their parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import layers, picture


def test_the_picture_is_drawn_from_the_tables_as_they_are() -> None:
    page = picture.PAGE.read_text(encoding="utf-8")

    drawn = picture.draw(picture.read(page))

    message = "The tables were changed: python3 noxfile.py benchmarks -- picture"
    assert drawn == picture.PICTURE.read_text(encoding="utf-8"), message
    assert f"({picture.PICTURE.name})" in page


def test_a_table_that_is_gone_is_missed() -> None:
    with pytest.raises(ValueError, match="There is no table below"):
        picture.read("## Under Flask\n\nNothing was measured.\n")


def test_every_layer_has_its_part_of_the_time_and_statements_are_the_store_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(layers, "_REQUESTS", 40)

    layers.main([str(tmp_path / "figures.json")])

    rows = json.loads((tmp_path / "figures.json").read_text())["rows"]
    told = {(row["store"], row["flow"]): row for row in rows}
    assert set(told) == {
        (store, flow) for store in ("memory", "SQLite") for flow in ("issue", "introspect")
    }
    for row in rows:
        parts = [row[layer] for layer in ("edge", "protocol", "façade", "hook", "backend")]
        assert all(part > 0 for part in parts)
        assert sum(parts) == pytest.approx(row["us"])
    assert told["memory", "issue"]["statements"] == 0
    # One look-up, where the client is remembered; with a transaction around them, two inserts.
    assert told["SQLite", "introspect"]["statements"] == 1
    assert told["SQLite", "issue"]["statements"] == 4
    assert capsys.readouterr().out.count("\n| ") == 4
