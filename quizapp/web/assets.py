"""Static files: served by WhiteNoise for a year under an address that changes with their content."""

from hashlib import sha256
from pathlib import Path

from flask import Flask, url_for
from markupsafe import Markup


def init_assets(app: Flask, extra: dict[str, Path]) -> None:
    """Give templates `asset(name)` and `icon(name)`. `extra` maps a folder below /static/ to where its files lie."""
    folders = {"": Path(app.static_folder or ""), **extra}
    digests: dict[str, str] = {}

    def asset(name: str) -> str:
        if name not in digests or app.debug:
            folder, _, rest = name.partition("/")
            path = folders[folder] / rest if folder in extra else folders[""] / name
            digests[name] = sha256(path.read_bytes()).hexdigest()[:10]
        return url_for("static", filename=name, v=digests[name])

    def icon(name: str) -> Markup:
        return Markup('<svg class="ico" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
            asset("icons.svg"), name
        )

    app.jinja_env.globals |= {"asset": asset, "icon": icon}
