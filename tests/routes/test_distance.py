import random

import numpy as np
import pytest
from geopy.distance import geodesic

from routes import Place, Problem, Stop
from routes.distance import DETOUR, SPEED, measure, span


def scattered(n, lat=10.9, lon=106.77, wide=0.2, seed=0):
    dice = random.Random(seed)
    return [Place(lat + dice.uniform(-wide, wide), lon + dice.uniform(-wide, wide)) for _ in range(n)]


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(10.9, 106.77), (21.03, 105.85), (8.6, 104.72), (23.3, 105.3), (60.5, 26.9)],
    ids=["Dĩ An", "Hà Nội", "Cà Mau", "Hà Giang", "Kouvola"],
)
def test_across_a_city_the_matrix_is_within_a_fiftieth_of_a_percent_of_the_geodesic(lat, lon):
    places = scattered(25, lat, lon)
    matrix = span(places)
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            metres = geodesic((a.lat, a.lon), (b.lat, b.lon)).meters
            assert matrix[i, j] == pytest.approx(metres, rel=0.0002)


def test_a_stray_place_leaves_the_other_distances_alone():
    places = scattered(10)
    assert np.array_equal(span([*places, Place(60, -70)])[:10, :10], span(places))


def test_the_matrix_is_the_same_both_ways_and_zero_at_home():
    matrix = span(scattered(30))
    assert np.array_equal(matrix, matrix.T)
    assert not matrix.diagonal().any()


def test_streets_are_longer_than_the_straight_line_and_time_is_rounded_up():
    there = Place(10.91, 106.78)
    problem = measure(Problem(Place(10.9, 106.77), (), (Stop("A", there, 0, 0),)))
    straight = geodesic((10.9, 106.77), (there.lat, there.lon)).meters
    assert problem.distances[0, 1] == round(straight * DETOUR)
    assert 0 <= problem.durations[0, 1] - straight * DETOUR / SPEED < 1


def test_a_problem_with_matrices_keeps_them():
    legs = np.zeros((1, 1), dtype=int)
    problem = Problem(Place(0, 0), (), (), distances=legs, durations=legs)
    assert measure(problem) is problem


@pytest.mark.parametrize("place", [Place(91, 0), Place(0, -181), Place(float("nan"), 0)])
def test_a_place_that_is_not_on_earth_is_refused(place):
    with pytest.raises(ValueError, match="latitude"):
        span([place])
