"""Whatever a record or a rule is called, in Markdown and in HTML it stays text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.terminal import clean
from review.markdown import LONGEST, as_markdown, escape, marker
from review.page import as_html
from review.text import as_text
from tests.unit.review.tables import a, limit, reviewed, rule, ruleset, setting, step, txt

HOSTILE = [
    "<script>alert(1)</script>",
    "](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "`code` **bold** _it_ ~~no~~",
    "@everyone #1 !2 $3 ~label",
    "-->\n<!-- launch-ready-review lab -->",
    "</details><h1>no</h1>",
    "&lt;b&gt; &amp; &#60;",
    "http://evil.example www.evil.example a@b.example",
    "| a | b |\n|---|---|",
    "\x1b[31mred\x1b[0m \u202e rtl \u200b",
    "{{ 7*7 }} {% raw %}",
    "\\",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))


class Rendered(HTMLParser):
    """The tags of a document, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=200, deadline=None)
@given(texts)
@example("@" * 50)
def test_escaped_text_is_text_to_a_markdown_reader(text: str) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(f"- <b>{escape(text)}</b>x\n")
    )
    seen = Rendered(html)
    assert [tag for tag in seen.tags if tag not in ("ul", "li", "b")] == []
    assert " ".join(seen.text.replace("\u200b", "").split()) == " ".join(
        (clean(text) + "x").replace("\u200b", "").split()
    )


@settings(max_examples=40, deadline=None)
@given(texts, texts)
def test_a_hostile_name_adds_no_tag_to_the_page(name: str, content: str) -> None:
    def page(name: str, content: str) -> list[str]:
        made = reviewed(
            step("DnsRecord", name or "r", txt("_dmarc.x", "v=DMARC1; p=reject"), txt(name, content)),
            step(
                "Ruleset",
                "w",
                ruleset("http_request_firewall_custom", rule(name or "r")),
                ruleset("http_request_firewall_custom"),
            ),
            step("ZoneSetting", "ssl", setting("ssl", "strict"), setting("ssl", content)),
        )
        assert "\x1b" not in as_text(made)
        return [
            tag
            for tag in Rendered(as_html(made)).tags
            if tag not in ("ins", "del", "dt", "dd", "li", "span", "strong", "code")
        ]

    assert set(page(name, content)) <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "h1",
            "h2",
            "p",
            "ul",
            "details",
            "summary",
            "div",
            "dl",
        ),
    }


def test_a_marker_cannot_be_written_by_a_record() -> None:
    made = reviewed(step("DnsRecord", "x", None, txt("x", marker("lab"))))
    assert as_markdown(made).count("<!--") == 1
    assert as_markdown(made).startswith(marker("lab"))


def test_a_stacks_name_cannot_end_its_marker() -> None:
    assert marker("a --> b") == "<!-- launch-ready-review a_____b -->"


def test_ten_thousand_risks_fit_and_each_kind_is_counted() -> None:
    records = [
        step("DnsRecord", f"r{i}", a(f"r{i}.example.com"), a(f"r{i}.example.com", proxied=False)) for i in range(10_000)
    ]
    more = [step("DnsRecord", f"n{i}", txt(f"n{i}", "x"), txt(f"n{i}", "y")) for i in range(1_000)]
    strict = step("ZoneSetting", "ssl", setting("ssl", "strict"), setting("ssl", "off"))
    shown = as_markdown(reviewed(*records, *more, strict))
    assert len(shown) <= LONGEST
    assert "`dns.proxied`, 10,000" in shown
    assert "setting.ssl" in shown
    assert "and 10,601 more resources" in shown


def test_risks_are_shown_in_full_while_the_rest_is_cut() -> None:
    quiet = [step("DnsRecord", f"n{i}", txt(f"n{i}.x", "x" * 100), txt(f"n{i}.x", "y" * 100)) for i in range(1_000)]
    risky = step(
        "Ruleset", "l", ruleset("http_ratelimit", limit("login", 10)), ruleset("http_ratelimit", limit("login", 99))
    )
    shown = as_markdown(reviewed(*quiet, risky))
    assert len(shown) <= LONGEST
    assert "a client may ask more often" in shown
    assert "_Left out" in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_colours_are_there_only_where_they_are_asked_for() -> None:
    made = reviewed(step("ZoneSetting", "ssl", setting("ssl", "strict"), setting("ssl", "off")))
    assert "\x1b[" not in as_text(made)
    assert "\x1b[31m" in as_text(made, colours=True)
