#!/usr/bin/env python3
"""What a user does on the page of `wfpctl view`, in headless Chromium: browse.py URL SCREENSHOT STEP...

Each step is a word and its argument; what it finds is printed, one line each. It fails after 30 seconds.
  rows N            waits until N connections are there, and prints how many rows are drawn
  text SELECTOR     the text of an element
  wait SELECTOR=TEXT  until the element's text has TEXT in it
  keys KEY,KEY...   presses keys on what has the focus (DOWN, UP, END, HOME, ENTER, ESCAPE, TAB, PAGE_DOWN, or a text)
  focus             prints the id of what has the focus
  selected          prints the selected row
  unnamed           prints controls that a screen reader could not name
  errors            prints what the console said of errors
  after SCRIPT      what is drawn two frames after it: the first row's index, and how many rows
"""
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

UNNAMED = """
return [...document.querySelectorAll('button, a, input, [role=grid], [tabindex="0"], section')].filter((e) =>
  !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() ||
    (e.labels && [...e.labels].some((l) => l.textContent.trim())))).map((e) => e.outerHTML)
"""
AFTER = """
const done = arguments[arguments.length - 1];
%s;
requestAnimationFrame(() => requestAnimationFrame(() => {
  const rows = document.querySelectorAll('#rows .row');
  done(`${rows[0]?.getAttribute('aria-rowindex')} ${rows.length}`);
}));
"""


def count(browser):
    return int(browser.execute_script("return document.getElementById('flows').getAttribute('aria-rowcount')")) - 1


def do(browser, wait, word, argument):
    active = browser.switch_to.active_element
    if word == "rows":
        wait.until(lambda b: b.execute_script("return document.body.dataset.complete") and count(b) == int(argument))
        return len(browser.find_elements(By.CSS_SELECTOR, "#rows .row"))
    if word == "text":
        return " ".join(browser.find_element(By.CSS_SELECTOR, argument).text.split())
    if word == "wait":
        selector, text = argument.split("=", 1)
        wait.until(lambda b: text in b.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector))
        return "yes"
    if word == "keys":
        for key in argument.split(","):
            browser.switch_to.active_element.send_keys(getattr(Keys, key, key))
        return "pressed"
    if word == "focus":
        return active.get_attribute("id")
    if word == "selected":
        return browser.execute_script("return document.querySelector('[aria-selected=true]')?.getAttribute('aria-rowindex')")
    if word == "unnamed":
        return browser.execute_script(UNNAMED)
    if word == "errors":
        return [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    if word == "after":
        return browser.execute_async_script(AFTER % argument)
    raise SystemExit(f"no such step: {word}")


def main():
    url, screenshot, steps = sys.argv[1], sys.argv[2], sys.argv[3:]
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(flag)
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        browser.set_script_timeout(30)
        browser.get(url)
        wait = WebDriverWait(browser, 30, poll_frequency=0.05)
        for word, argument in zip(steps[::2], steps[1::2]):
            print(f"{word}: {do(browser, wait, word, argument)}", flush=True)
        browser.save_screenshot(screenshot)
    finally:
        browser.quit()


main()
