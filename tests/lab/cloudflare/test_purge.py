"""A purge as a release does it, through the API of the lab."""

from __future__ import annotations

import pytest

from adapters.purge import CloudflarePurger
from core.errors import AfterError
from core.secret import Secret
from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

HOST = "app.community.test"


def purger(api: Api, token: str = "", zone: str = "community.test") -> CloudflarePurger:
    return CloudflarePurger(zone, ACCOUNT_ID, lambda: (api.url, Secret(token or api.token)))


@pytest.mark.usefixtures("zone")
def test_urls_and_prefixes_go_thirty_a_call(api: Api) -> None:
    urls = [f"https://{HOST}/static/{number}.js" for number in range(65)]
    purger(api).purge(urls, [f"{HOST}/news/"], everything=False)
    purges = api.snapshot().zones[0].purges
    assert [len(purge.files) for purge in purges] == [30, 30, 5, 0]
    assert [url for purge in purges for url in purge.files] == urls
    assert purges[-1].prefixes == [f"{HOST}/news/"]
    purger(api).purge((), (), everything=True)
    assert api.snapshot().zones[0].purges[-1].everything


@pytest.mark.usefixtures("zone")
def test_what_the_api_refuses_is_said_in_its_words(api: Api) -> None:
    with pytest.raises(AfterError, match=r"answers 400: Unable to purge https://other\.test/a, which is an"):
        purger(api).purge(["https://other.test/a"], (), everything=False)
    with pytest.raises(AfterError, match=r"shows no zone other\.test to this token"):
        purger(api, zone="other.test").purge((), (), everything=True)
    wrong = "lab_" + "0" * 40
    with pytest.raises(AfterError, match="answers 403: Invalid access token") as refused:
        purger(api, wrong).purge((), (), everything=True)
    assert wrong not in str(refused.value)
