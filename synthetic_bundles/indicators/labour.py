"""Labour and birth of women: indicators LB01 to LB09, LB19 to LB25, MM01 and DQ05."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.counting import Counted, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.labours import EPIDURAL_CODE, GENERAL_CODE, INDUCED
from synthetic_bundles.tables import ABSENT_TEXT
from synthetic_bundles.vocabulary import CAESAREAN, NON_SMOKER, POST_TERM_DAYS, SEVERE_TEAR_CODES, SMOKER, TERM_DAYS

MIDWIFE_LED = ("02", "03", "04", "05")
BEFORE_ARRIVAL = ("09", "10", "11", "12")


def lb01(scene: Scene) -> Counted:
    """Smoker at delivery among those whose status is known."""
    status = scene.world.deliveries["smoking_status"]
    return _of_women(scene, np.isin(status, (SMOKER, NON_SMOKER)), status == SMOKER)


def lb02(scene: Scene) -> Counted:
    """Caesarean in Robson group 1: first birth, one cephalic baby at term, spontaneous onset."""
    labours = scene.world.care.labours
    onset, caesarean = labours["onset_datetime"], labours["caesarean_datetime"]
    is_before = ~np.isnat(caesarean) & (caesarean < onset)
    is_spontaneous = (labours["onset_method"] == "1") & ~np.isnat(onset) & ~is_before
    return _of_women(scene, _is_first_cephalic_term(scene) & is_spontaneous, _is_caesarean(scene))


def lb03(scene: Scene) -> Counted:
    """Caesarean in Robson group 2: as group 1, with labour induced or a caesarean before it."""
    labours = scene.world.care.labours
    is_before = ~np.isnat(labours["caesarean_datetime"]) & np.isnat(labours["onset_datetime"])
    is_other = np.isin(labours["onset_method"], ("2", "3", "4", "5")) | is_before
    return _of_women(scene, _is_first_cephalic_term(scene) & is_other, _is_caesarean(scene))


def lb04(scene: Scene) -> Counted:
    """Caesarean in Robson group 5: after a caesarean, cephalic, at term."""
    previous = _previous(scene, "previous_caesareans")
    return _of_women(scene, (previous >= 1) & (previous <= 20) & _is_cephalic_term(scene), _is_caesarean(scene))


def lb05(scene: Scene) -> Counted:
    """Vaginal birth after one caesarean that was the one birth before."""
    births = (_previous(scene, "previous_live_births") == 1) | (_histories(scene, "previous_stillbirths") == 1)
    is_one = (_previous(scene, "previous_caesareans") == 1) & births
    return _of_women(scene, is_one & _is_single_term(scene), np.isin(_method(scene), (0, 1, 2, 3, 4)))


def lb06(scene: Scene) -> Counted:
    """Third or fourth degree tear."""
    return _tears(scene, (0, 1, 2, 3, 4))


def lb07(scene: Scene) -> Counted:
    """Third or fourth degree tear, unassisted."""
    return _tears(scene, (0, 1))


def lb08(scene: Scene) -> Counted:
    """Third or fourth degree tear, instrumental."""
    return _tears(scene, (2, 3, 4))


def lb09(scene: Scene) -> Counted:
    """Coded blood loss of 1,500 mL and above; no measure counts as none."""
    labours = scene.world.care.labours
    is_great = (labours["blood_loss_ml"] >= 1500) & (labours["haemorrhage_code"] != ABSENT_TEXT)
    return _of_women(scene, scene.is_registered_delivery, is_great)


def lb19(scene: Scene) -> Counted:
    """Emergency caesarean."""
    return _of_women(scene, _method(scene) >= 0, _method(scene) == 8)


def lb20(scene: Scene) -> Counted:
    """Elective caesarean."""
    return _of_women(scene, _method(scene) >= 0, _method(scene) == 7)


def lb21(scene: Scene) -> Counted:
    """Instrumental birth."""
    return _of_women(scene, _method(scene) >= 0, np.isin(_method(scene), (2, 3, 4, 6)))


def lb22(scene: Scene) -> Counted:
    """Induction among those whose onset is known."""
    return _of_women(scene, scene.world.care.labours["onset_method"] != ABSENT_TEXT, _is_induced(scene))


def lb23(scene: Scene) -> Counted:
    """Birth in a midwife-led setting, of single live babies at term."""
    first = scene.first_babies
    is_known = ~np.isin(first["place_of_birth"], (ABSENT_TEXT, "99"))
    is_counted = _is_single_term(scene) & (first["outcome"] == "01") & is_known
    return _of_women(scene, is_counted, np.isin(first["place_of_birth"], MIDWIFE_LED))


def lb24(scene: Scene) -> Counted:
    """Birth before arrival."""
    return _of_women(scene, scene.is_registered_delivery, np.isin(scene.first_babies["place_of_birth"], BEFORE_ARRIVAL))


def lb25(scene: Scene) -> Counted:
    """No induction, augmentation, episiotomy, epidural or general anaesthetic, of unassisted cephalic births."""
    labours = scene.world.care.labours
    is_cephalic = scene.first_babies["presentation"] == "01"
    is_counted = _is_single_term(scene) & is_cephalic & np.isin(_method(scene), (0, 1))
    is_untouched = (
        ~_is_induced(scene)
        & (labours["augmentation"] != 1)
        & (labours["episiotomy_code"] == ABSENT_TEXT)
        & ~np.isin(labours["analgesia_code"], (EPIDURAL_CODE, GENERAL_CODE))
    )
    return _of_women(scene, is_counted, is_untouched)


def mm01(scene: Scene) -> Counted:
    """Severe morbidity of the mother was recorded."""
    return _of_women(scene, scene.is_registered_delivery, scene.world.care.labours["critical_incident"] != ABSENT_TEXT)


def dq05(scene: Scene) -> Counted:
    """Place of birth is known."""
    place = scene.first_babies["place_of_birth"]
    return _of_women(scene, scene.is_registered_delivery, ~np.isin(place, (ABSENT_TEXT, "99")))


def _of_women(scene: Scene, denominator: Flags, numerator: Flags) -> Counted:
    return share(scene.deliveries, scene.is_registered_delivery, denominator, numerator)


def _tears(scene: Scene, methods: tuple[int, ...]) -> Counted:
    deliveries = scene.world.deliveries
    traumata = (deliveries["perineal_trauma"], deliveries["second_trauma"])
    is_severe = np.isin(traumata[0], SEVERE_TEAR_CODES) | np.isin(traumata[1], SEVERE_TEAR_CODES)
    return _of_women(scene, _is_single_term(scene) & np.isin(_method(scene), methods), is_severe)


def _method(scene: Scene) -> Integers:
    return np.asarray(scene.world.deliveries["method"].astype(np.int64))


def _is_caesarean(scene: Scene) -> Flags:
    return np.isin(_method(scene), CAESAREAN)


def _is_term(scene: Scene) -> Flags:
    days = scene.world.deliveries["gestation_days"]
    return np.asarray((days >= TERM_DAYS) & (days <= POST_TERM_DAYS))


def _is_single_term(scene: Scene) -> Flags:
    return np.asarray((scene.world.deliveries["babies"] == 1) & _is_term(scene))


def _is_cephalic_term(scene: Scene) -> Flags:
    return np.asarray((scene.first_babies["presentation"] == "01") & _is_term(scene))


def _is_first_cephalic_term(scene: Scene) -> Flags:
    """The source does not ask for one baby; the definition adds it."""
    parity = _histories(scene, "parity")
    return np.asarray((parity == 0) & _is_cephalic_term(scene) & _is_single_term(scene))


def _is_induced(scene: Scene) -> Flags:
    labours = scene.world.care.labours
    return np.asarray(np.isin(labours["onset_method"], INDUCED) | (labours["induction_code"] != ABSENT_TEXT))


def _previous(scene: Scene, column: str) -> Integers:
    return np.asarray(scene.world.pregnancies[column][: scene.world.births].astype(np.int64))


def _histories(scene: Scene, column: str) -> Integers:
    return np.asarray(scene.world.care.histories[column][: scene.world.births].astype(np.int64))
