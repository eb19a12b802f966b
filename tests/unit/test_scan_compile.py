"""The compiled scan, which is cached on disk."""

import shutil
from pathlib import Path

from loader.normalize.scan import compile as module


def test_a_change_in_any_module_of_the_scan_gives_it_another_version(tmp_path, monkeypatch):
    """Otherwise, code that was compiled before the change would be taken from the cache."""
    folder = shutil.copytree(Path(module.__file__).parent, tmp_path / "scan")
    monkeypatch.setattr(module, "__file__", str(folder / "compile.py"))
    versions = {module.version()}

    modules = sorted(folder.glob("*.py"))
    for path in modules:
        path.write_text(f"{path.read_text(encoding='utf-8')}\n# changed\n", encoding="utf-8")
        versions.add(module.version())

    assert len(versions) == 1 + len(modules) > 10
