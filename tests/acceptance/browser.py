"""Debian's Chromium, driven as people use it: a screen of some size, a mouse or fingers, and what it complains of."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.patience import PATIENCE_SECONDS

STEPS: Final = 6
"""Of a movement: nobody jumps."""

OPTIONS: Final = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars")
PIXELS_OF_A_COLOUR: Final = """
const wanted = getComputedStyle(document.documentElement).getPropertyValue(`--${arguments[1]}`).trim();
const [red, green, blue] = wanted.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
let count = 0;
for (const canvas of arguments[0].querySelectorAll("canvas")) {
  if (!canvas.width || !canvas.height) continue;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const distance = Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue);
    if (data[at + 3] > 200 && distance < 24) count += 1;
  }
}
return count;
"""


class Browser:
    """One window."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, page: Path, width: int, height: int, *, touch: bool = False, dark: bool = False) -> None:
        """Show a page on a screen of this size."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        self._ask("Emulation.setTouchEmulationEnabled", enabled=touch, maxTouchPoints=2)
        self.darken(dark=dark)
        self._driver.get(page.as_uri())

    def darken(self, *, dark: bool) -> None:
        """Ask for dark or light pages, as a system does."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def complaints(self) -> list[str]:
        """What it logged: errors, exceptions, refusals of the page's own policy."""
        return [entry["message"] for entry in self._log("browser")]

    def asked_for(self, page: Path) -> list[str]:
        """Every address that a page loaded since the last time, its own included."""
        entries = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        requests = (entry["params"] for entry in entries if entry["method"] == "Network.requestWillBeSent")
        return [request["request"]["url"] for request in requests if request["documentURL"] == page.as_uri()]

    def one(self, selector: str) -> WebElement:
        """The element of a CSS selector, in view."""
        element = self._driver.find_element(By.CSS_SELECTOR, selector)
        self._driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", element)
        return element

    def text(self, selector: str) -> str:
        """The text of an element."""
        return self.one(selector).text

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements of a selector."""
        script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)"
        found: list[str] = self.run(script, selector)
        return found

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self._driver.execute_script(script, *arguments)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; TimeoutException where it does not come about. An element that the page puts another in
        place of, between being found and being looked at, is looked for again."""
        wait = WebDriverWait(
            self._driver, PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=(StaleElementReferenceException,)
        )
        wait.until(lambda _: condition())

    def pixels(self, selector: str, colour: str) -> int:
        """How many pixels of an element's canvases have one of the page's colours."""
        count: int = self.run(PIXELS_OF_A_COLOUR, self.one(selector), colour)
        return count

    def drag(self, selector: str, begin: float, end: float, *, shift: bool = False) -> None:
        """With the mouse, from one share of an element's width to another."""
        element = self.one(selector)
        width = element.size["width"]
        actions = ActionChains(self._driver, duration=20)
        if shift:
            actions.key_down(Keys.SHIFT)
        actions.move_to_element_with_offset(element, round(width * (begin - 0.5)), 0).click_and_hold()
        for _ in range(STEPS):
            actions.move_by_offset(round(width * (end - begin) / STEPS), 0)
        actions.release()
        if shift:
            actions.key_up(Keys.SHIFT)
        actions.perform()

    def hover(self, selector: str, x: float, y: float) -> None:
        """Put the mouse at a place of an element, in pixels from its corner."""
        element = self.one(selector)
        size = element.size
        ActionChains(self._driver, duration=0).move_to_element_with_offset(
            element, round(x - size["width"] / 2), round(y - size["height"] / 2)
        ).perform()

    def double_click(self, selector: str) -> None:
        """In the middle of an element."""
        ActionChains(self._driver).double_click(self.one(selector)).perform()

    def touch(self, selector: str, *fingers: tuple[float, float]) -> None:
        """Each finger goes down at a share of an element's width, moves to another in steps, and all go up."""
        left, middle, width = self._reach(selector)
        for step in range(STEPS + 1):
            shares = [begin + (end - begin) * step / STEPS for begin, end in fingers]
            points = [{"x": left + share * width, "y": middle, "id": finger} for finger, share in enumerate(shares)]
            kind = "touchMove" if step else "touchStart"
            self._ask("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self._ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def double_tap(self, selector: str) -> None:
        """With one finger, in the middle of an element's width."""
        left, middle, width = self._reach(selector)
        for _ in range(2):
            point = {"x": left + width / 2, "y": middle, "id": 0}
            self._ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
            self._ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def _reach(self, selector: str) -> tuple[float, float, float]:
        """An element's left side, a height within it and its width, in pixels of what is in view."""
        box = self.one(selector).rect
        view = self.run("return [scrollX, scrollY]")
        return box["x"] - view[0], box["y"] - view[1] + box["height"] / 3, box["width"]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        return list(self._driver.get_log(kind))  # type: ignore[no-untyped-call]

    def _ask(self, command: str, **arguments: object) -> None:
        self._driver.execute_cdp_cmd(command, arguments)


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in a folder."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    assert all(programs), "Chromium is missing: apt-get install chromium chromium-driver"
    options = Options()
    options.binary_location = str(programs[0])
    for option in (*OPTIONS, f"--user-data-dir={folder}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(str(programs[1])))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
