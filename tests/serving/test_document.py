"""The OpenAPI document: valid, plain, and with an example of every call."""

import json
import re
from itertools import chain

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from serving.api.document import EXAMPLES, operations
from serving.app import TAGS
from serving.cards.query import AtRiskQuery, ExportQuery
from serving.web.problems import MEDIA_TYPE
from tests.each import check_each
from tests.test_docs import ROOT
from tools.bruno import BRUNO, collection, document
from tools.write_examples import address

DOCUMENT = document()
OPERATIONS = {operation["operationId"]: operation for _, operation in operations(DOCUMENT)}
PATHS = {operation["operationId"]: path for (_, path), operation in operations(DOCUMENT)}
VERBS = ("get", "list", "export", "look", "explain", "score", "record", "erase", "ask", "end")
VERBS += ("withdraw", "move", "save", "remove")


def parts(node, path=()):
    """Every mapping of the document with the names that lead to it."""
    if isinstance(node, dict):
        yield path, node
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for name, part in inner:
        if isinstance(part, dict | list):
            yield from parts(part, (*path, name))


def schemas():
    """Every schema: not what stands in examples, whose keys are those of answers."""
    for path, node in parts(DOCUMENT):
        if not {"example", "examples"} & set(path):
            yield path, node


def problems_of(value, schema):
    """What is wrong with a value by a schema of the document."""
    registry = Registry().with_resource(
        "urn:document", Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    )
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    found = Draft202012Validator(absolute, registry=registry).iter_errors(value)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.mark.slow
def test_the_document_is_valid_openapi_3_1(service):
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    assert service.get("/openapi.json").json() == DOCUMENT


def test_nothing_in_it_needs_a_control_character_in_a_client():
    text = json.dumps(DOCUMENT, ensure_ascii=False)
    assert not re.search(r"[\x00-\x1f\x7f\x80-\x9f]|\\u00[01]|\\u007f", text)
    for _, node in schemas():
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            assert pattern.isprintable() and re.compile(pattern)


def test_limits_are_named_as_json_schema_names_them():
    """A limit under any other name is none to a client."""
    for path, node in schemas():
        named = {"ge", "gt", "le", "lt", "multiple_of"} & set(node)
        assert not named or path[-1] == "properties", (path, named)
    budget = {p["name"]: p for p in OPERATIONS["askWhatIf"]["parameters"]}["budget"]
    assert problems_of(-1.0, budget["schema"]) and not problems_of(0.0, budget["schema"])


def test_every_operation_has_a_name_that_a_person_would_choose():
    assert len(OPERATIONS) == len(list(operations(DOCUMENT)))
    known = {tag["name"] for tag in TAGS}

    def is_told(name):
        operation = OPERATIONS[name]
        assert re.fullmatch(rf"(?:{'|'.join(VERBS)})(?:[A-Z][a-z]+)+", name)
        assert len(operation["tags"]) == 1 and operation["tags"][0] in known
        assert 10 < len(operation["summary"]) < 80
        assert operation["description"].endswith(".")

    check_each(OPERATIONS, is_told)


def test_every_list_of_codes_has_a_name_and_stands_once():
    named = {
        name: node for name, node in DOCUMENT["components"]["schemas"].items() if "enum" in node
    }
    assert {"RiskBand", "Status", "Sort", "Language", "LifecycleStage", "Arm"} <= set(named)
    places = [path for path, node in schemas() if len(node.get("enum", ())) > 1]
    assert [
        path for path in places if path[:2] != ("components", "schemas") or len(path) != 3
    ] == []


def test_titles_do_not_repeat_the_names_they_stand_at():
    def is_of_a_property(path):
        return path[-1] == "properties"

    titled = [path for path, node in schemas() if "title" in node and not is_of_a_property(path)]
    assert titled == [("info",)]


def test_every_schema_is_referred_to():
    text = json.dumps(DOCUMENT)
    asked = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert set(DOCUMENT["components"]["schemas"]) == asked


def test_every_operation_documents_its_problems():
    def is_told(name):
        responses = OPERATIONS[name]["responses"]
        assert {"400", "421", "422", "default"} <= set(responses)
        for status, response in responses.items():
            if not status.startswith(("2", "3")):
                assert set(response["content"]) == {MEDIA_TYPE}
                content = response["content"][MEDIA_TYPE]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
                for example in content.get("examples", {}).values():
                    assert problems_of(example["value"], content["schema"]) == []
                    assert str(example["value"]["status"]) == status
                assert status == "default" or content["examples"]

    check_each(OPERATIONS, is_told)


@pytest.mark.slow
def test_what_has_a_tag_documents_that_it_may_be_unchanged(service):
    its = service.get("/v1/releases/current").json()["release_id"]
    tagged, documented = set(), set()
    of_monitor = {"/v1/monitor", "/v1/missed", "/v1/missed/customers"}  # which has not run
    for (method, path), operation in operations(DOCUMENT):
        if method == "get" and path not in of_monitor:
            answer = service.get(path.format(customer_id="00001", release_id=its))
            tagged |= {path} if "etag" in answer.headers else set()
        documented |= {path} if "304" in operation["responses"] else set()
    assert documented == tagged | of_monitor
    assert len(tagged) > 5


def test_every_operation_has_an_example_that_its_schema_takes():
    def is_shown(name):
        operation = OPERATIONS[name]
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter["required"] is False
            if parameter["required"]:
                assert "example" in parameter, parameter["name"]
            if "example" in parameter:
                assert problems_of(parameter["example"], parameter["schema"]) == []
        shown = [
            response for status, response in operation["responses"].items() if status[0] == "2"
        ]
        if "requestBody" in operation:
            shown.append(operation["requestBody"])
        for media_type in chain.from_iterable(one["content"].values() for one in shown[:1]):
            if media_type["schema"].get("format") != "binary":
                assert problems_of(media_type["example"], media_type["schema"]) == []

    check_each(OPERATIONS, is_shown)


def test_every_example_is_of_an_operation():
    assert {file.stem for file in EXAMPLES.glob("*.json")} == set(OPERATIONS)


@pytest.mark.parametrize("name", ["getScoreCard", "listAtRisk", "getCurrentRelease"])
def test_examples_have_every_field_of_an_answer(service, name):
    example = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    target = address(PATHS[name], OPERATIONS[name], example.get("parameters", {}))
    assert shape(service.get(target).json()) == shape(example["response"]["application/json"]), (
        "run `python -m tools.write_examples`"
    )


def shape(value):
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value[:1]] if isinstance(value, list) else None


def test_every_parameter_of_the_lists_is_documented_but_the_one_that_changes_the_shape():
    def names(operation):
        return {parameter["name"] for parameter in OPERATIONS[operation]["parameters"]}

    assert names("listAtRisk") == set(AtRiskQuery.model_fields) - {"format"}
    assert names("exportAtRisk") == set(ExportQuery.model_fields)


def test_every_address_is_in_the_guide():
    guide = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    for (method, path), _ in operations(DOCUMENT):
        shown = re.sub(r"\{\w+\}", "{id}", path)
        assert f"`{method.upper()} {shown}`" in guide


def test_the_collection_is_that_of_the_document():
    written = {
        str(file.relative_to(ROOT / BRUNO)): file.read_text(encoding="utf-8")
        for file in sorted((ROOT / BRUNO).rglob("*"))
        if file.is_file()
    }
    assert written == collection(DOCUMENT), "run `make docs`"
    assert len(written) == len(OPERATIONS) + 2


# Of what stage `monitor` reports, which has not run for this release.
OF_MONITOR = ("getMonitor.bru", "getMissed.bru", "listMissed.bru")


def test_the_calls_of_the_collection_are_answered(service):
    files = collection(DOCUMENT)
    asked = 0
    its = service.get("/v1/releases/current").json()["release_id"]
    for name, text in files.items():
        url = re.search(r"^get \{\n  url: \{\{url\}\}(\S+)$", text, re.MULTILINE)
        if url is None or name.endswith(OF_MONITOR):
            continue
        values = dict(
            re.findall(r"^  (\w+): (.*)$", text.partition("params:path")[2], re.MULTILINE)
        )
        path = url[1]
        for place, value in values.items():
            path = path.replace(f":{place}", value)
        answer = service.get(path.replace("5f2b81c0d9ae", its))
        assert answer.status == 200, (name, answer.text)
        asked += 1
    assert asked > 8


def test_what_only_people_call_is_not_in_it():
    assert all(path.startswith(("/v1/", "/health", "/ready")) for path in PATHS.values())
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            assert not [kind for kind in response.get("content", {}) if "html" in kind]
