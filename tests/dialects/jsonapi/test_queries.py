"""What lists may be asked, and how they say what they may not."""

from dialects.jsonapi.outpost import HOST, Outpost

UNKNOWN = "is not a parameter that is known here."


def _names(outpost: Outpost, query: str) -> list[str]:
    return [each["attributes"]["name"] for each in outpost.get(f"/clients?{query}")["data"]]


def test_pages_are_asked_for_in_several_ways(door: Outpost) -> None:
    for name in "abcde":
        door.make("clients", "Client", name=name)
    assert _names(door, "page=2&page_size=2") == _names(door, "page[number]=2&page[size]=2") == ["c", "d"]
    assert _names(door, "page=last&page_size=2") == ["e"]
    assert _names(door, "page[number]=last&page_size=5") == [*"abcde"]
    links = door.get("/clients/?page[number]=2&page[size]=2&sort=-name")["links"]
    start = f"{HOST}/api/v1/clients/?page%5Bsize%5D=2&sort=-name&page%5Bnumber%5D="
    assert links == {
        "self": f"{HOST}/api/v1/clients/?page%5Bnumber%5D=2&page%5Bsize%5D=2&sort=-name",
        "first": f"{start}1",
        "last": f"{start}3",
        "next": f"{start}3",
        "prev": f"{start}1",
    }
    for page in ("4", "0", "-1", "9" * 40):
        gone = (404, [("page", "There is no such page.")])
        assert door.refused("GET", f"/clients?page_size=2&page={page}") == gone


def test_order_and_search(door: Outpost) -> None:
    for name in ("Blue shop", "blue Sky", "Red shop"):
        door.make("clients", "Client", name=name)
    assert _names(door, "ordering=-name") == _names(door, "sort=-name") == ["blue Sky", "Red shop", "Blue shop"]
    assert _names(door, "sort=created,-id,id") == ["Red shop", "blue Sky", "Blue shop"]
    assert _names(door, "search=BLUE&ordering=id") == ["Blue shop", "blue Sky"]
    assert _names(door, "filter[search]=shop+blue") == ["Blue shop"]
    assert _names(door, "name=Red+shop") == _names(door, "filter[name]=Red+shop") == ["Red shop"]
    assert _names(door, "filter[id__in]=1,3") == _names(door, "id=1&id=3") == ["Blue shop", "Red shop"]


def test_all_that_cannot_be_asked_is_told_at_once(door: Outpost) -> None:
    query = "fields[Client]=nam&fields[X]=y&filter[page]=2&include=zz&near=1,2&page=x&page_size=101&sort=x&z=1"
    assert door.refused("GET", f"/clients?{query}") == (
        400,
        [
            ("fields[Client]", "fields[Client] names no fields of Client: 'nam'."),
            ("fields[X]", "fields[X] names no type."),
            ("filter[page]", f"filter[page] {UNKNOWN}"),
            ("include", "include cannot be 'zz': Client has no relationship 'zz'."),
            ("near", f"near {UNKNOWN}"),
            ("page", "page must be the number of a page, or last."),
            ("page_size", "page_size must be a whole number from 1 to 100."),
            ("sort", "sort cannot be 'x': name, created, modified, id can be sorted by."),
            ("z", f"z {UNKNOWN}"),
        ],
    )


def test_what_can_be_asked_of_a_list_cannot_be_asked_of_a_record(door: Outpost) -> None:
    door.make("clients", "Client", name="a")
    assert door.refused("GET", "/clients/1?page=1&name=a") == (
        400,
        [("name", f"name {UNKNOWN}"), ("page", f"page {UNKNOWN}")],
    )
    assert door.refused("DELETE", "/clients/1?x=1") == (400, [("x", f"x {UNKNOWN}")])
    assert door.get("/clients/1?fields[Client]=")["data"].keys() == {"type", "id", "links"}


def test_what_is_not_served_in_a_query_is_never_a_crash(door: Outpost) -> None:
    for query in (
        "search=%00",
        "search=" + "a+" * 40,
        "name=%00",
        "id=-1",
        "page=1&page[number]=1",
        "created=%FF",
        "page",
        "page_size=-1",
        "sort=,",
        "filter=1",
        "filter[]=1",
        "fields=x",
        "sort=name&sort=id",
        "include=task." + "task." * 50,
    ):
        status, told = door.refused("GET", f"/clients?{query}")
        assert (status, len(told)) == (400, 1), query


def test_places_are_given_as_latitude_and_longitude(door: Outpost) -> None:
    for near in ("1", "91,0", "0,181", "nan,0", "a,b", "1,2,3"):
        assert door.refused("GET", f"/tasks?near={near}")[0] == 400
    told = (400, [("eligible_for", "eligible_for must be me.")])
    assert door.refused("GET", "/tasks?eligible_for=you") == told
