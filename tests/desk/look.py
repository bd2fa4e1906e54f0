"""Drives headless Chromium through the desk inside a running Airflow, and saves what it saw in a folder.

    make up
    DESK_PASSWORD=… python -m tests.desk.look http://127.0.0.1:8080 docs

Needs the package `playwright` and Debian's `chromium`, which nothing else here does. It judges one pair.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import sync_playwright

LOGIN = "admin"
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main(url: str, folder: Path) -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server"]
        )
        state = log_in(browser, url)
        for name, viewport, scheme in (
            ("light", WIDE, "light"),
            ("dark", WIDE, "dark"),
            ("390", PHONE, "light"),
        ):
            context = browser.new_context(viewport=viewport, color_scheme=scheme, storage_state=state)
            page = context.new_page()
            page.on("pageerror", lambda error: sys.exit(f"a script of the page failed: {error}"))
            look(page, url, folder, name)
            context.close()
        browser.close()


def log_in(browser: Any, url: str) -> Any:
    """The session that every later page has."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/auth/login")
    page.fill("input[name=username]", LOGIN)
    page.fill("input[name=password]", os.environ["DESK_PASSWORD"])
    page.click("button[type=submit]")
    page.wait_for_url(lambda at: "/auth/" not in at)
    state = context.storage_state()
    context.close()
    return state


def look(page: Any, url: str, folder: Path, name: str) -> None:
    if name != "390":
        page.goto(url)
        page.get_by_test_id("wire-desk-card").wait_for()
        page.screenshot(path=folder / f"desk-home-{name}.png")
        page.goto(f"{last_run(page, url, 'publish_release')}/plugin/wire-desk-run")
        page.get_by_test_id("wire-desk-run").wait_for()
        page.screenshot(path=folder / f"desk-run-{name}.png")
    if name == "light":
        page.goto(last_run(page, url, "ingest_affiliates"))
        page.get_by_text("shard.extract").first.wait_for()
        page.get_by_text("settle", exact=True).first.wait_for()
        page.screenshot(path=folder / "airflow-grid.png")
    desk = inside(page, url)
    shoot(page, desk, folder / f"desk-stories-{name}.png")
    first = desk.locator("tr", has_text="corrected").first.locator("a")
    first.click()
    desk.locator("h1").wait_for()
    shoot(page, desk, folder / f"desk-story-{name}.png")
    desk.locator("details", has_text="Version 2").locator("summary").click()
    desk.locator(".inside .text").first.wait_for()
    desk.locator("h2", has_text="Versions").scroll_into_view_if_needed()
    desk.locator("details", has_text="Version 2").locator("summary").focus()
    shoot(page, desk, folder / f"desk-difference-{name}.png")
    desk.get_by_role("link", name="Queue").click()
    desk.locator(".sides.heads").wait_for()
    shoot(page, desk, folder / f"desk-queue-{name}.png")
    if name == "light":  # once
        desk.locator("input[name=why]").fill("the same words under another headline")
        desk.locator("input[name=why]").press("Enter")
        page.keyboard.press("s")
        desk.locator("h2", has_text="Judged").wait_for()
    for link, heading in (("Outlets", "Last runs"), ("Releases", "Changed")):
        desk.get_by_role("navigation").get_by_role("link", name=link).click()
        desk.locator("th", has_text=heading).wait_for(state="attached")
        shoot(page, desk, folder / f"desk-{link.lower()}-{name}.png")


def last_run(page: Any, url: str, dag: str) -> str:
    """The address of the newest run of a dag."""
    runs = page.request.get(f"{url}/api/v2/dags/{dag}/dagRuns?order_by=-run_after&limit=1")
    return f"{url}/dags/{dag}/runs/{quote(runs.json()['dag_runs'][0]['dag_run_id'])}"


def inside(page: Any, url: str) -> Any:
    """The desk in its frame of the Airflow UI; on a phone, where the UI's own bar takes the room, alone."""
    if page.viewport_size["width"] < 600:
        page.goto(f"{url}/wirefold/")
        page.locator("table.list").wait_for()
        return page.main_frame
    page.goto(f"{url}/plugin/wire-desk")
    frame = page.frame_locator("iframe[title='Wire desk']")
    frame.locator("table.list").wait_for()
    return frame


def shoot(page: Any, desk: Any, file: Path) -> None:
    desk.locator("main:not([aria-busy])").wait_for()
    wide = desk.locator("html").evaluate("root => root.scrollWidth - root.clientWidth")
    assert wide <= 0, f"{file.name}: {wide} px of it are outside the window"
    page.screenshot(path=file)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
