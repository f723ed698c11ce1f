"""What tests do with the page of a scene in a browser."""

import contextlib

OPENS_WITHIN_MS = 3000
FRAMES, PEOPLE = 1000, 5


def go_to(page, frame):
    page.evaluate(
        """frame => {
            const time = document.getElementById('time');
            time.value = frame;
            time.dispatchEvent(new Event('input'));
        }""",
        frame,
    )
    settle(page)


def settle(page):
    page.evaluate('() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))')


def drawing(page):
    return page.evaluate("document.getElementById('room').toDataURL()")


def painted_share(page):
    return page.evaluate(
        """() => {
            const { width, height } = document.getElementById('room');
            const ctx = document.getElementById('room').getContext('2d');
            const alpha = ctx.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 3);
            return alpha.filter(Boolean).length / alpha.length;
        }"""
    )


def spot(page, *where):
    """Where on the screen a joint of somebody, or a camera, is in the scene."""
    box = page.locator('#room').bounding_box()
    call = 'scenePage.whereIs(...at)' if len(where) == 2 else 'scenePage.whereIsCamera(...at)'
    x, y = page.evaluate(f'at => {call}', list(where))[:2]
    return box['x'] + x, box['y'] + y


@contextlib.contextmanager
def opened(browser, path, width, height):
    context = browser.new_context(viewport={'width': width, 'height': height}, has_touch=True)
    tab = context.new_page()
    tab.goto(path.as_uri())
    tab.wait_for_selector('html[data-ready-ms]')
    settle(tab)
    yield tab
    context.close()
