"""Starts `console-preview` (invented data, no platform behind it) and a real Chromium for the tests of the pages."""
from __future__ import annotations

import shutil

import pytest

from preview import Preview


def serving(*arguments: str):
    preview = Preview(*arguments)
    try:
        yield preview.url
    finally:
        preview.stop()


@pytest.fixture
def console():
    """A console of its own, open to everybody: what a test changes, no other test sees."""
    yield from serving("--open")


@pytest.fixture
def closed_console():
    """A console that wants people to sign in (user NAME with password tide-NAME)."""
    yield from serving()


@pytest.fixture
def empty_console():
    yield from serving("--open", "--empty")


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page in English whose script errors and refused resources fail the test."""
    context = chromium.new_context(locale="en", viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    context.close()
    assert faults == []
