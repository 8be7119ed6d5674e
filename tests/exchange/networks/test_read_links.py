import pandas as pd

from netsci_dst.exchange.networks import read, read_links


def test_time_stamped_links_keep_their_order_and_their_parallels(tmp_path):
    path = tmp_path / "calls.txt"
    path.write_text("9 8 1217567877\n1 1 1217573801\n9 8 1217606247\n12 1 1217617639\n")
    frame = read_links(path)
    assert list(frame.columns) == ["source", "target", "time"]
    assert frame["source"].tolist() == ["9", "1", "9", "12"]
    assert frame["time"].tolist() == [1217567877, 1217573801, 1217606247, 1217617639]
    assert "times left out" in read(path).line


def test_dates_and_weights(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_text("date,from,to,weight\n2020-01-02,a,b,2\n2019-05-01,b,c,1\n")
    frame = read_links(path)
    assert frame["weight"].tolist() == [2, 1]
    assert frame["time"].tolist() == [
        pd.Timestamp(d, tz="UTC") for d in ("2020-01-02", "2019-05-01")
    ]
    assert frame["target"].tolist() == ["b", "c"]


def test_columns_say_which_is_the_time(tmp_path):
    path = tmp_path / "contacts.txt"
    path.write_text("20 10 11\n40 11 12\n60 10 12\n")
    frame = read_links(path, columns="time,source,target")
    assert frame["time"].tolist() == [20, 40, 60]
