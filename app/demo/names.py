"""Names as they are heard in the offices of Tanjungpinang: Malay, Javanese, Batak, Minangkabau, Chinese-Indonesian. Nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MAN, WOMAN = 1, 2


@dataclass(frozen=True, slots=True)
class Community:
    """How the names of one community are made: a given name, and what follows it."""

    share: float
    men: tuple[str, ...]
    women: tuple[str, ...]
    after_men: tuple[str, ...]
    after_women: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


COMMUNITIES = (
    Community(
        0.42,
        _words(
            "Ahmad Azman Abdul_Rahman Amirudin Azhar Baharudin Burhanuddin Fadli Fahmi Faisal Firdaus Hafiz Hamdan Hasanuddin Herizal Ibrahim "
            "Iskandar Ismail Jamaludin Kamarudin Khairul Mahmud Muhammad Mustafa Nazaruddin Rahmat Raja_Hamzah Rizal Said Salman Shahrul "
            "Sulaiman Syafrizal Syamsul Tengku_Azmi Umar Yusuf Zainal Zulfikar Zulkifli"
        ),
        _words(
            "Aisyah Asmah Azizah Dahlia Farida Fatimah Hafizah Halimah Hasnah Hayati Juliana Kartini Khadijah Latifah Mahani Maimunah Mariam "
            "Masitah Nurhasanah Nurul Norlela Raja_Fatimah Raja_Maryam Ramlah Rohani Rosmawati Rubiah Salbiah Saodah Siti Suraya Syarifah "
            "Tengku_Intan Umi Yusnita Zahara Zaleha Zubaidah"
        ),
        _words(
            "Abdullah Ansari Arif Asnawi Effendi Fauzi Habibi Hakim Hidayat Ikhsan Ilham Irawan Ismail Jalil Kurnia Mansur Maulana Nasir "
            "Putra Ramadhan Rasyid Ridwan Rusli Saputra Syah Syarif Taufik Wahab Yazid Zaini"
        ),
        _words(
            "Afrida Aini Amalia Anggraini Asmara Azzahra Damayanti Fadhilah Fitri Hanum Hidayah Husna Indriani Jamilah Khairunnisa Mardiah "
            "Mayasari Melati Nadia Nasution Puspita Rahmah Ramadhani Sakinah Salamah Sari Suhaila Sulastri Wardah Yanti Zahra"
        ),
    ),
    Community(
        0.24,
        _words(
            "Agung Agus Aji Anang Anton Arief Bambang Budi Cahyo Danang Dwi Eko Endro Galih Gunawan Hadi Hari Heru Imam Joko Kuncoro Mulyono "
            "Nanang Nugroho Prayitno Purwanto Rudi Sigit Slamet Sugeng Sunarto Suryadi Tri Wahyu Waluyo Yudi Yulianto"
        ),
        _words(
            "Anik Ari Astuti Dewi Dian Dwi Eka Endah Endang Erna Fitri Indah Kartika Lilis Mulyani Ningsih Nunung Puji Ratna Retno Rini "
            "Siwi Sri Sulastri Sumarni Tri Tuti Umi Utami Wahyu Wiwik Yuli Yuni"
        ),
        _words(
            "Adi_Nugroho Budiman Cahyono Handoko Hartono Hidayat Kusuma Mulyadi Nugroho Prabowo Pramono Prasetyo Purnomo Raharjo Santoso "
            "Saputro Setiawan Setyawan Sudarmono Sulistyo Supriyadi Susanto Sutrisno Utomo Wibowo Widodo Wijayanto"
        ),
        _words(
            "Andayani Budiarti Handayani Hartati Kurniasih Kusumawati Lestari Mulyani Nurhayati Pertiwi Prihatin Puspitasari Rahayu "
            "Setyowati Sulistyowati Suryani Susanti Utami Wahyuni Widiastuti Widyaningrum Winarsih Wulandari"
        ),
    ),
    Community(
        0.13,
        _words("Bonar Charles Daniel Edison Freddy Hotman Jhonson Maruli Monang Parlindungan Poltak Ramses Robert Rudolf Saut Sahat Tigor Togar Tumpal"),
        _words("Berliana Dameria Elfrida Ernita Herlina Hotmaida Lamria Lasma Marlina Masta Melva Netty Risma Rotua Rosdiana Tiurma Tiodora Yohana"),
        _words(
            "Harahap Hutagalung Hutapea Lubis Manurung Marbun Nainggolan Nasution Pakpahan Panjaitan Pardede Pasaribu Pohan Purba Sianturi "
            "Sibarani Sihombing Silalahi Simanjuntak Simbolon Sinaga Siregar Sitompul Situmorang Tampubolon Tobing"
        ),
        _words(
            "Harahap Hutagalung Hutapea Lubis Manurung Marbun Nainggolan Nasution Pakpahan Panjaitan Pardede Pasaribu Pohan Purba Sianturi "
            "Sibarani Sihombing Silalahi Simanjuntak Simbolon Sinaga Siregar Sitompul Situmorang Tampubolon Tobing"
        ),
    ),
    Community(
        0.14,
        _words("Afrizal Alfian Arman Asrul Bahtiar Dasril Defrizal Efrizal Erman Febrianto Hendri Indra Jasril Nofrizal Rizki Syafril Yendri Yusrizal"),
        _words("Deswita Desmawati Elvi Eliza Erlinda Fitriani Gusneli Irdawati Lisa Mardiana Nofrita Rahmi Rika Sherly Suriani Welly Yulinar Yusneli"),
        _words("Caniago Darwis Efendi Fernando Guci Jambak Koto Marlis Melayu Piliang Putra Sikumbang Syafei Syahputra Tanjung Yunus Zalmi"),
        _words("Agustin Caniago Darwis Fauziah Guci Hasanah Jambak Koto Mairita Novita Oktavia Piliang Rahman Sikumbang Tanjung Yulia Zulaikha"),
    ),
    Community(
        0.07,
        _words("Andy Benny Budianto Christian Edwin Ferdinand Handoyo Hendrik Jimmy Kevin Lukman Michael Robin Steven Suwandi Tommy Vincent Willy"),
        _words("Cindy Elisa Felicia Fransiska Irene Jessica Kristina Lenny Lily Meilani Melissa Novi Silvia Stefani Vera Vivi Wenny Yenny"),
        _words("Chandra Darmawan Gunadi Halim Hartanto Kosasih Kurniawan Kusnadi Lim Limanto Salim Setiadi Sutanto Tan Tanoto Widjaja Wijaya"),
        _words("Chandra Darmawan Gunadi Halim Hartanto Kosasih Kurniawati Kusnadi Lim Limanto Salim Setiadi Sutanto Tan Tanoto Widjaja Wijaya"),
    ),
)
_SHARES = [community.share for community in COMMUNITIES]


def make_name(rng: Random, gender: int) -> str:
    """A full name without titles."""
    community = rng.choices(COMMUNITIES, _SHARES)[0]
    given, after = (community.men, community.after_men) if gender == MAN else (community.women, community.after_women)
    first, last = rng.choice(given), rng.choice(after)
    while last in first:
        last = rng.choice(after)
    middle = ""
    if rng.random() < 0.22:
        second = rng.choice(given).split()[-1]
        middle = f" {second}" if second not in first and second != last else ""
    return f"{first}{middle} {last}"


def with_titles(rng: Random, name: str, degrees: tuple[str, ...], pilgrim: float = 0.06) -> str:
    """A name as it stands on a letter: with the degrees of the post, and for some the title of a pilgrim."""
    front = "H. " if pilgrim and rng.random() < pilgrim else ""
    return f"{front}{name}, {', '.join(degrees)}" if degrees else f"{front}{name}"
