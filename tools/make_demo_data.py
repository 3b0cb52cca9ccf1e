#!/usr/bin/env python3
"""Writes data/co2.csv and data/elnino.csv from the public-domain data sets that statsmodels ships.

Run it in an environment with statsmodels 0.15.0 and pandas: python3 tools/make_demo_data.py
"""

from pathlib import Path

import pandas
from statsmodels.datasets import co2, elnino

DATA = Path(__file__).resolve().parent.parent / "data"


def write(series: pandas.Series, column: str, file: str) -> None:
    """One row a month, `date,<column>`; a month without a measurement has an empty value."""
    table = series.rename(column).rename_axis("date").reset_index()
    table.to_csv(DATA / file, index=False, date_format="%Y-%m-%d", float_format="%.2f", lineterminator="\n")


def main() -> None:
    weekly = co2.load_pandas().data["co2"]
    write(weekly.resample("MS").mean(), "co2", "co2.csv")

    by_year = elnino.load_pandas().data.set_index("YEAR")  # a row a year, a column a month
    values = by_year.to_numpy().ravel()
    months = pandas.date_range(f"{int(by_year.index[0])}-01-01", periods=len(values), freq="MS")
    write(pandas.Series(values, months), "temperature", "elnino.csv")


if __name__ == "__main__":
    main()
