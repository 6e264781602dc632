import json
import math
import subprocess
import sys
from itertools import pairwise

import pytest

from routes import check, plan
from routes.__main__ import main
from routes.vrptw import read

# Two clusters of a Solomon kind: small enough to know the optimum by trying every order.
SMALL = """SMALL

VEHICLE
NUMBER     CAPACITY
   3         50

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      40         50          0          0       1236          0
    1      45         68         10        912        967         90
    2      45         70         30        825        870         90
    3      42         66         10         65        146         90
    4      42         68         10        727        782         90
    5      20         30         20         15        200         90
    6      18         32         20        300        400         90
"""
OPTIMUM = 1317  # tenths


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text(SMALL)
    return path


def rows():
    return [[int(word) for word in line.split()] for line in SMALL.split("TIME\n\n")[1].splitlines()]


def tenths(a, b):
    return math.floor(10 * math.dist(a[1:3], b[1:3]))


def cost(routes):
    """Tenths, from the text of the file alone; asserts that every route can be driven."""
    table, total = rows(), 0
    for route in routes:
        assert sum(table[customer][3] for customer in route) <= 50
        clock = 0
        for here, there in pairwise([0, *route, 0]):
            total += (leg := tenths(table[here], table[there]))
            clock = max(clock + leg, 10 * table[there][4])
            assert clock <= 10 * table[there][5]
            clock += 10 * table[there][6]
    return total


def test_a_file_is_read_in_tenths(small):
    problem = read(small)
    assert [courier.key for courier in problem.couriers] == ["1", "2", "3"]
    assert problem.couriers[0].shift == (0, 12360)
    assert problem.couriers[0].capacity == 50
    first = problem.stops[0]
    assert (first.key, first.opens, first.closes, first.service, first.load) == ("1", 9120, 9670, 900, 10)
    assert problem.fixed_cost == 0
    assert problem.distances is problem.durations
    table = rows()
    assert problem.distances.tolist() == [[tenths(a, b) for b in table] for a in table]
    assert problem.distances[0, 1] == 186  # the square root of 349 is 18.68


def test_the_optimum_of_a_small_file_is_found(small):
    problem = read(small)
    answer = plan(problem, iterations=500)
    routes = [[int(stop.key) for stop in round.stops] for round in answer.rounds]
    assert check(problem, answer) == []
    assert answer.distance == cost(routes) == OPTIMUM


def test_the_command_prints_json_with_the_cost_and_the_routes(small):
    command = [sys.executable, "-m", "routes", str(small), "--seconds", "0.2", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["cost"] == cost(answer["routes"]) / 10
    assert sorted(sum(answer["routes"], [])) == [1, 2, 3, 4, 5, 6]
    assert (answer["unplanned"], answer["broken"], done.stderr) == ([], [], "")


def test_the_command_says_so_when_a_customer_is_left_out(small, capsys):
    small.write_text(SMALL.replace("    3         50", "    1         50").replace("   3   ", "   1   ", 1))
    assert main([str(small), "--iterations", "50"]) == 1
    assert json.loads(capsys.readouterr().out)["unplanned"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "words\n",
        "3 50\n",
        SMALL.replace("65        146", "65.25     146"),
        SMALL.replace("3         50", "3"),
    ],
    ids=["nothing", "words", "no depot", "hundredths", "no capacity"],
)
def test_another_kind_of_file_is_refused(small, text, capsys):
    small.write_text(text)
    with pytest.raises(ValueError, match=r"not a VRPTW file|decimal"):
        read(small)
    with pytest.raises(SystemExit, match="2"):
        main([str(small)])
    assert "error" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_wrong_argument(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "nowhere.txt")])
    assert "nowhere.txt" in capsys.readouterr().err
