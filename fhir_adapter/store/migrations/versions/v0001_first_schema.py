"""Everything that the first version keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases; a date is text in SQLite
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.String(25).with_variant(sa.String(25, collation="C"), "postgresql")
HASH = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
DATE = sa.String(10).with_variant(sa.Date(), "postgresql")
TABLES = (
    "annotation",
    "baby",
    "booking",
    "care_plan",
    "count_cell",
    "count_run",
    "counted_event",
    "delivery",
    "dirty_key",
    "hv_contact",
    "link",
    "linkage_zone",
    "mh_contact",
    "mh_referral",
    "neonatal_day",
    "neonatal_episode",
    "organisation",
    "outbox",
    "payload",
    "person",
    "pregnancy",
    "quarantine",
    "receipt",
    "receipt_issue",
    "reference_imd",
    "reference_postcode",
    "release",
    "residence",
    "resolution",
    "resource",
    "source_baby",
    "source_booking",
    "source_care_plan",
    "source_delivery",
    "source_hv_contact",
    "source_mh_contact",
    "source_mh_referral",
    "source_neonatal_day",
    "source_neonatal_episode",
    "source_person",
    "source_pregnancy",
    "source_residence",
    "touched_key",
    "unresolved_receipt",
)


def upgrade() -> None:
    """Make every table."""
    create_model()
    create_source()
    create_operations()


def downgrade() -> None:
    """Drop every table."""
    for table in TABLES:
        op.drop_table(table)


def create_model() -> None:
    """Make the tables of the common model."""
    op.create_table(
        "annotation",
        sa.Column("annotation_key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("indicator_id", TEXT, nullable=True),
        sa.Column("scope", TEXT, nullable=True),
        sa.Column("date_from", DATE, nullable=False),
        sa.Column("date_to", DATE, nullable=True),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("annotation_key", name=op.f("pk_annotation")),
    )
    op.create_table(
        "baby",
        sa.Column("baby_key", TEXT, nullable=False),
        sa.Column("person_key", TEXT, nullable=False),
        sa.Column("delivery_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("birth_datetime", MOMENT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("death_confirmed_gestation_days", sa.Integer(), nullable=True),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("birth_weight_g", sa.Integer(), nullable=True),
        sa.Column("head_circumference_cm", sa.Double(), nullable=True),
        sa.Column("birth_order", sa.Integer(), nullable=True),
        sa.Column("delivery_method", TEXT, nullable=True),
        sa.Column("presentation", TEXT, nullable=True),
        sa.Column("place_of_birth", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("apgar_1", sa.Integer(), nullable=True),
        sa.Column("apgar_5", sa.Integer(), nullable=True),
        sa.Column("first_feed", TEXT, nullable=True),
        sa.Column("skin_to_skin_1h", TEXT, nullable=True),
        sa.Column("feeding_at_discharge", TEXT, nullable=True),
        sa.Column("discharge_datetime", MOMENT, nullable=True),
        sa.Column("birth_weight_centile", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("baby_key", name=op.f("pk_baby")),
    )
    op.create_index(op.f("ix_baby_birth_datetime"), "baby", ["birth_datetime"], unique=False)
    op.create_index(op.f("ix_baby_delivery_key"), "baby", ["delivery_key"], unique=False)
    op.create_table(
        "booking",
        sa.Column("pregnancy_key", TEXT, nullable=False),
        sa.Column("booking_key", TEXT, nullable=False),
        sa.Column("booking_date", DATE, nullable=False),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("late_booking_reason", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("height_cm", sa.Double(), nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("bmi", sa.Double(), nullable=True),
        sa.Column("smoking_status", TEXT, nullable=True),
        sa.Column("cigarettes_per_day", sa.Integer(), nullable=True),
        sa.Column("co_ppm", sa.Double(), nullable=True),
        sa.Column("alcohol_units_week", sa.Double(), nullable=True),
        sa.Column("folic_acid", TEXT, nullable=True),
        sa.Column("complex_social_factors", TEXT, nullable=True),
        sa.Column("disability", TEXT, nullable=True),
        sa.Column("mh_prediction_asked", TEXT, nullable=True),
        sa.Column("support_status", TEXT, nullable=True),
        sa.Column("referral_source", TEXT, nullable=True),
        sa.Column("pre_eclampsia_high_risk_factors", sa.Integer(), nullable=True),
        sa.Column("pre_eclampsia_moderate_risk_factors", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("booking_key", name=op.f("pk_booking")),
    )
    op.create_index(op.f("ix_booking_booking_date"), "booking", ["booking_date"], unique=False)
    op.create_index(op.f("ix_booking_pregnancy_key"), "booking", ["pregnancy_key"], unique=False)
    op.create_table(
        "care_plan",
        sa.Column("plan_key", TEXT, nullable=False),
        sa.Column("pregnancy_key", TEXT, nullable=False),
        sa.Column("plan_type", TEXT, nullable=True),
        sa.Column("coc_pathway", TEXT, nullable=True),
        sa.Column("plan_date", DATE, nullable=True),
        sa.Column("care_professional_id", TEXT, nullable=True),
        sa.Column("care_team_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("plan_key", name=op.f("pk_care_plan")),
    )
    op.create_index(op.f("ix_care_plan_pregnancy_key"), "care_plan", ["pregnancy_key"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("delivery_key", TEXT, nullable=False),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("delivery_method", TEXT, nullable=True),
        sa.Column("induction_codes", TEXT, nullable=True),
        sa.Column("augmentation", sa.Boolean(), nullable=True),
        sa.Column("labour_onset_datetime", MOMENT, nullable=True),
        sa.Column("labour_onset_method", TEXT, nullable=True),
        sa.Column("caesarean_datetime", MOMENT, nullable=True),
        sa.Column("perineal_trauma", TEXT, nullable=True),
        sa.Column("blood_loss_ml", sa.Integer(), nullable=True),
        sa.Column("onset_analgesia", TEXT, nullable=True),
        sa.Column("steroids", TEXT, nullable=True),
        sa.Column("magnesium_24h", sa.Boolean(), nullable=True),
        sa.Column("robson_group", sa.Integer(), nullable=True),
        sa.Column("smoking_at_delivery", TEXT, nullable=True),
        sa.Column("mother_discharge_datetime", MOMENT, nullable=True),
        sa.Column("maternal_critical_incident", TEXT, nullable=True),
        sa.Column("admission_datetime", MOMENT, nullable=True),
        sa.Column("encounter_class", TEXT, nullable=True),
        sa.Column("delivery_datetime", MOMENT, nullable=True),
        sa.Column("condition_codes", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("delivery_key", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_pregnancy_key"), "delivery", ["pregnancy_key"], unique=False)
    op.create_table(
        "hv_contact",
        sa.Column("contact_key", TEXT, nullable=False),
        sa.Column("child_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.Column("contact_type", TEXT, nullable=False),
        sa.Column("contact_date", DATE, nullable=False),
        sa.Column("attendance", TEXT, nullable=False),
        sa.Column("mechanism", TEXT, nullable=True),
        sa.Column("breastfeeding_status", TEXT, nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("length_cm", sa.Double(), nullable=True),
        sa.Column("asq3_communication", sa.Integer(), nullable=True),
        sa.Column("asq3_gross_motor", sa.Integer(), nullable=True),
        sa.Column("asq3_fine_motor", sa.Integer(), nullable=True),
        sa.Column("asq3_problem_solving", sa.Integer(), nullable=True),
        sa.Column("asq3_personal_social", sa.Integer(), nullable=True),
        sa.Column("epds_score", sa.Integer(), nullable=True),
        sa.Column("whooley_positive", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("contact_key", name=op.f("pk_hv_contact")),
    )
    op.create_index(op.f("ix_hv_contact_child_key"), "hv_contact", ["child_key"], unique=False)
    op.create_table(
        "mh_contact",
        sa.Column("contact_key", TEXT, nullable=False),
        sa.Column("referral_key", TEXT, nullable=False),
        sa.Column("contact_date", DATE, nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=True),
        sa.Column("mechanism", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("contact_key", name=op.f("pk_mh_contact")),
    )
    op.create_index(op.f("ix_mh_contact_referral_key"), "mh_contact", ["referral_key"], unique=False)
    op.create_table(
        "mh_referral",
        sa.Column("referral_key", TEXT, nullable=False),
        sa.Column("mother_key", TEXT, nullable=False),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("referral_date", DATE, nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("team_type", TEXT, nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("first_contact_date", DATE, nullable=True),
        sa.Column("closed_date", DATE, nullable=True),
        sa.PrimaryKeyConstraint("referral_key", name=op.f("pk_mh_referral")),
    )
    op.create_index(op.f("ix_mh_referral_mother_key"), "mh_referral", ["mother_key"], unique=False)
    op.create_table(
        "neonatal_day",
        sa.Column("episode_key", TEXT, nullable=False),
        sa.Column("care_date", DATE, nullable=False),
        sa.Column("care_level", TEXT, nullable=False),
        sa.Column("resp_support", TEXT, nullable=True),
        sa.Column("own_mothers_milk", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("episode_key", "care_date", name=op.f("pk_neonatal_day")),
    )
    op.create_table(
        "neonatal_episode",
        sa.Column("episode_key", TEXT, nullable=False),
        sa.Column("baby_key", TEXT, nullable=False),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("unit_code", TEXT, nullable=True),
        sa.Column("inborn", sa.Boolean(), nullable=True),
        sa.Column("admit_datetime", MOMENT, nullable=False),
        sa.Column("discharge_datetime", MOMENT, nullable=True),
        sa.Column("discharge_destination", TEXT, nullable=True),
        sa.Column("admission_reason", TEXT, nullable=True),
        sa.Column("temp_admission_c", sa.Double(), nullable=True),
        sa.Column("temp_taken_datetime", MOMENT, nullable=True),
        sa.Column("cord_ph", sa.Double(), nullable=True),
        sa.Column("hie_grade", TEXT, nullable=True),
        sa.Column("therapeutic_hypothermia", sa.Boolean(), nullable=True),
        sa.Column("ivh_grade", TEXT, nullable=True),
        sa.Column("cystic_pvl", sa.Boolean(), nullable=True),
        sa.Column("nec", TEXT, nullable=True),
        sa.Column("bpd", TEXT, nullable=True),
        sa.Column("late_onset_bsi", sa.Boolean(), nullable=True),
        sa.Column("cord_clamp_seconds", sa.Integer(), nullable=True),
        sa.Column("seizures", sa.Boolean(), nullable=True),
        sa.Column("stroke", sa.Boolean(), nullable=True),
        sa.Column("intracranial_haemorrhage", sa.Boolean(), nullable=True),
        sa.Column("cns_infection", sa.Boolean(), nullable=True),
        sa.Column("kernicterus", sa.Boolean(), nullable=True),
        sa.Column("steroid_last_dose_datetime", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("episode_key", name=op.f("pk_neonatal_episode")),
    )
    op.create_index(op.f("ix_neonatal_episode_baby_key"), "neonatal_episode", ["baby_key"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("organisation_code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("parent_code", TEXT, nullable=True),
        sa.Column("neonatal_level", TEXT, nullable=True),
        sa.Column("valid_from", DATE, nullable=False),
        sa.Column("valid_to", DATE, nullable=True),
        sa.PrimaryKeyConstraint("organisation_code", "valid_from", name=op.f("pk_organisation")),
    )
    op.create_table(
        "person",
        sa.Column("person_key", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("nhs_number_status", TEXT, nullable=True),
        sa.Column("local_id", TEXT, nullable=True),
        sa.Column("birth_date", DATE, nullable=True),
        sa.Column("sex", TEXT, nullable=True),
        sa.Column("ethnic_category", TEXT, nullable=False),
        sa.Column("ethnic_category_2021", TEXT, nullable=True),
        sa.Column("preferred_language", TEXT, nullable=True),
        sa.Column("interpreter_required", sa.Boolean(), nullable=True),
        sa.Column("gp_practice_code", TEXT, nullable=True),
        sa.Column("gp_postcode", TEXT, nullable=True),
        sa.Column("death_datetime", MOMENT, nullable=True),
        sa.Column("occupation", TEXT, nullable=True),
        sa.Column("employment_status", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person")),
    )
    op.create_table(
        "pregnancy",
        sa.Column("pregnancy_key", TEXT, nullable=False),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("booking_provider_code", TEXT, nullable=True),
        sa.Column("lmp_date", DATE, nullable=True),
        sa.Column("edd_agreed", DATE, nullable=True),
        sa.Column("edd_method", TEXT, nullable=True),
        sa.Column("num_fetuses", sa.Integer(), nullable=True),
        sa.Column("previous_live_births", sa.Integer(), nullable=True),
        sa.Column("previous_stillbirths", sa.Integer(), nullable=True),
        sa.Column("previous_caesareans", sa.Integer(), nullable=True),
        sa.Column("previous_losses_lt24w", sa.Integer(), nullable=True),
        sa.Column("gravidity", sa.Integer(), nullable=True),
        sa.Column("parity", sa.Integer(), nullable=True),
        sa.Column("previous_term_births", sa.Integer(), nullable=True),
        sa.Column("previous_preterm_births", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("pregnancy_key", name=op.f("pk_pregnancy")),
    )
    op.create_index(op.f("ix_pregnancy_mother_key"), "pregnancy", ["mother_key"], unique=False)
    op.create_table(
        "residence",
        sa.Column("person_key", TEXT, nullable=False),
        sa.Column("valid_from", DATE, nullable=False),
        sa.Column("valid_to", DATE, nullable=True),
        sa.Column("lsoa_2011", TEXT, nullable=True),
        sa.Column("lsoa_2021", TEXT, nullable=True),
        sa.Column("imd_2019_decile", sa.Integer(), nullable=True),
        sa.Column("imd_2025_decile", sa.Integer(), nullable=True),
        sa.Column("imd_missing_reason", TEXT, nullable=True),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("person_key", "valid_from", name=op.f("pk_residence")),
    )
    op.create_table(
        "resolution",
        sa.Column("table_name", TEXT, nullable=False),
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("column_name", TEXT, nullable=False),
        sa.Column("chosen_source", TEXT, nullable=False),
        sa.Column("rule_id", TEXT, nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("table_name", "record_key", "column_name", name=op.f("pk_resolution")),
    )


def create_source() -> None:
    """Make the tables of the source twins of the clinical tables."""
    op.create_table(
        "source_baby",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("baby_key", TEXT, nullable=True),
        sa.Column("person_key", TEXT, nullable=True),
        sa.Column("delivery_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("birth_datetime", MOMENT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("death_confirmed_gestation_days", sa.Integer(), nullable=True),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("birth_weight_g", sa.Integer(), nullable=True),
        sa.Column("head_circumference_cm", sa.Double(), nullable=True),
        sa.Column("birth_order", sa.Integer(), nullable=True),
        sa.Column("delivery_method", TEXT, nullable=True),
        sa.Column("presentation", TEXT, nullable=True),
        sa.Column("place_of_birth", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("apgar_1", sa.Integer(), nullable=True),
        sa.Column("apgar_5", sa.Integer(), nullable=True),
        sa.Column("first_feed", TEXT, nullable=True),
        sa.Column("skin_to_skin_1h", TEXT, nullable=True),
        sa.Column("feeding_at_discharge", TEXT, nullable=True),
        sa.Column("discharge_datetime", MOMENT, nullable=True),
        sa.Column("birth_weight_centile", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_baby")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_source_baby_delivery_key_source"), "source_baby", ["delivery_key", "source"], unique=False)
    op.create_index(op.f("ix_source_baby_mother_key_source"), "source_baby", ["mother_key", "source"], unique=False)
    op.create_index(op.f("ix_source_baby_person_key_source"), "source_baby", ["person_key", "source"], unique=False)
    op.create_index(op.f("ix_source_baby_receipt_id"), "source_baby", ["receipt_id"], unique=False)
    op.create_table(
        "source_booking",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("booking_key", TEXT, nullable=True),
        sa.Column("booking_date", DATE, nullable=True),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("late_booking_reason", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("height_cm", sa.Double(), nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("bmi", sa.Double(), nullable=True),
        sa.Column("smoking_status", TEXT, nullable=True),
        sa.Column("cigarettes_per_day", sa.Integer(), nullable=True),
        sa.Column("co_ppm", sa.Double(), nullable=True),
        sa.Column("alcohol_units_week", sa.Double(), nullable=True),
        sa.Column("folic_acid", TEXT, nullable=True),
        sa.Column("complex_social_factors", TEXT, nullable=True),
        sa.Column("disability", TEXT, nullable=True),
        sa.Column("mh_prediction_asked", TEXT, nullable=True),
        sa.Column("support_status", TEXT, nullable=True),
        sa.Column("referral_source", TEXT, nullable=True),
        sa.Column("pre_eclampsia_high_risk_factors", sa.Integer(), nullable=True),
        sa.Column("pre_eclampsia_moderate_risk_factors", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_booking")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_booking_pregnancy_key_source"), "source_booking", ["pregnancy_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_booking_receipt_id"), "source_booking", ["receipt_id"], unique=False)
    op.create_table(
        "source_care_plan",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("plan_key", TEXT, nullable=True),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("plan_type", TEXT, nullable=True),
        sa.Column("coc_pathway", TEXT, nullable=True),
        sa.Column("plan_date", DATE, nullable=True),
        sa.Column("care_professional_id", TEXT, nullable=True),
        sa.Column("care_team_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_care_plan")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_care_plan_pregnancy_key_source"), "source_care_plan", ["pregnancy_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_care_plan_receipt_id"), "source_care_plan", ["receipt_id"], unique=False)
    op.create_table(
        "source_delivery",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("delivery_key", TEXT, nullable=True),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("site_code", TEXT, nullable=True),
        sa.Column("delivery_method", TEXT, nullable=True),
        sa.Column("induction_codes", TEXT, nullable=True),
        sa.Column("augmentation", sa.Boolean(), nullable=True),
        sa.Column("labour_onset_datetime", MOMENT, nullable=True),
        sa.Column("labour_onset_method", TEXT, nullable=True),
        sa.Column("caesarean_datetime", MOMENT, nullable=True),
        sa.Column("perineal_trauma", TEXT, nullable=True),
        sa.Column("blood_loss_ml", sa.Integer(), nullable=True),
        sa.Column("onset_analgesia", TEXT, nullable=True),
        sa.Column("steroids", TEXT, nullable=True),
        sa.Column("magnesium_24h", sa.Boolean(), nullable=True),
        sa.Column("robson_group", sa.Integer(), nullable=True),
        sa.Column("smoking_at_delivery", TEXT, nullable=True),
        sa.Column("mother_discharge_datetime", MOMENT, nullable=True),
        sa.Column("maternal_critical_incident", TEXT, nullable=True),
        sa.Column("admission_datetime", MOMENT, nullable=True),
        sa.Column("encounter_class", TEXT, nullable=True),
        sa.Column("delivery_datetime", MOMENT, nullable=True),
        sa.Column("condition_codes", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_delivery")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_delivery_pregnancy_key_source"), "source_delivery", ["pregnancy_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_delivery_receipt_id"), "source_delivery", ["receipt_id"], unique=False)
    op.create_table(
        "source_hv_contact",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("contact_key", TEXT, nullable=True),
        sa.Column("child_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.Column("contact_type", TEXT, nullable=True),
        sa.Column("contact_date", DATE, nullable=True),
        sa.Column("attendance", TEXT, nullable=True),
        sa.Column("mechanism", TEXT, nullable=True),
        sa.Column("breastfeeding_status", TEXT, nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("length_cm", sa.Double(), nullable=True),
        sa.Column("asq3_communication", sa.Integer(), nullable=True),
        sa.Column("asq3_gross_motor", sa.Integer(), nullable=True),
        sa.Column("asq3_fine_motor", sa.Integer(), nullable=True),
        sa.Column("asq3_problem_solving", sa.Integer(), nullable=True),
        sa.Column("asq3_personal_social", sa.Integer(), nullable=True),
        sa.Column("epds_score", sa.Integer(), nullable=True),
        sa.Column("whooley_positive", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_hv_contact")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_hv_contact_child_key_source"), "source_hv_contact", ["child_key", "source"], unique=False
    )
    op.create_index(
        op.f("ix_source_hv_contact_mother_key_source"), "source_hv_contact", ["mother_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_hv_contact_receipt_id"), "source_hv_contact", ["receipt_id"], unique=False)
    op.create_table(
        "source_mh_contact",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("contact_key", TEXT, nullable=True),
        sa.Column("referral_key", TEXT, nullable=True),
        sa.Column("contact_date", DATE, nullable=True),
        sa.Column("attended", sa.Boolean(), nullable=True),
        sa.Column("mechanism", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_mh_contact")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_source_mh_contact_receipt_id"), "source_mh_contact", ["receipt_id"], unique=False)
    op.create_index(
        op.f("ix_source_mh_contact_referral_key_source"), "source_mh_contact", ["referral_key", "source"], unique=False
    )
    op.create_table(
        "source_mh_referral",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("referral_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("referral_date", DATE, nullable=True),
        sa.Column("model_source", TEXT, nullable=True),
        sa.Column("team_type", TEXT, nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("first_contact_date", DATE, nullable=True),
        sa.Column("closed_date", DATE, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_mh_referral")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_mh_referral_mother_key_source"), "source_mh_referral", ["mother_key", "source"], unique=False
    )
    op.create_index(
        op.f("ix_source_mh_referral_pregnancy_key_source"),
        "source_mh_referral",
        ["pregnancy_key", "source"],
        unique=False,
    )
    op.create_index(op.f("ix_source_mh_referral_receipt_id"), "source_mh_referral", ["receipt_id"], unique=False)
    op.create_table(
        "source_neonatal_day",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("episode_key", TEXT, nullable=True),
        sa.Column("care_date", DATE, nullable=True),
        sa.Column("care_level", TEXT, nullable=True),
        sa.Column("resp_support", TEXT, nullable=True),
        sa.Column("own_mothers_milk", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_neonatal_day")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_neonatal_day_episode_key_source"),
        "source_neonatal_day",
        ["episode_key", "source"],
        unique=False,
    )
    op.create_index(op.f("ix_source_neonatal_day_receipt_id"), "source_neonatal_day", ["receipt_id"], unique=False)
    op.create_table(
        "source_neonatal_episode",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("episode_key", TEXT, nullable=True),
        sa.Column("baby_key", TEXT, nullable=True),
        sa.Column("provider_code", TEXT, nullable=True),
        sa.Column("unit_code", TEXT, nullable=True),
        sa.Column("inborn", sa.Boolean(), nullable=True),
        sa.Column("admit_datetime", MOMENT, nullable=True),
        sa.Column("discharge_datetime", MOMENT, nullable=True),
        sa.Column("discharge_destination", TEXT, nullable=True),
        sa.Column("admission_reason", TEXT, nullable=True),
        sa.Column("temp_admission_c", sa.Double(), nullable=True),
        sa.Column("temp_taken_datetime", MOMENT, nullable=True),
        sa.Column("cord_ph", sa.Double(), nullable=True),
        sa.Column("hie_grade", TEXT, nullable=True),
        sa.Column("therapeutic_hypothermia", sa.Boolean(), nullable=True),
        sa.Column("ivh_grade", TEXT, nullable=True),
        sa.Column("cystic_pvl", sa.Boolean(), nullable=True),
        sa.Column("nec", TEXT, nullable=True),
        sa.Column("bpd", TEXT, nullable=True),
        sa.Column("late_onset_bsi", sa.Boolean(), nullable=True),
        sa.Column("cord_clamp_seconds", sa.Integer(), nullable=True),
        sa.Column("seizures", sa.Boolean(), nullable=True),
        sa.Column("stroke", sa.Boolean(), nullable=True),
        sa.Column("intracranial_haemorrhage", sa.Boolean(), nullable=True),
        sa.Column("cns_infection", sa.Boolean(), nullable=True),
        sa.Column("kernicterus", sa.Boolean(), nullable=True),
        sa.Column("steroid_last_dose_datetime", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_neonatal_episode")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_neonatal_episode_baby_key_source"),
        "source_neonatal_episode",
        ["baby_key", "source"],
        unique=False,
    )
    op.create_index(
        op.f("ix_source_neonatal_episode_receipt_id"), "source_neonatal_episode", ["receipt_id"], unique=False
    )
    op.create_table(
        "source_person",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("person_key", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("nhs_number_status", TEXT, nullable=True),
        sa.Column("local_id", TEXT, nullable=True),
        sa.Column("birth_date", DATE, nullable=True),
        sa.Column("sex", TEXT, nullable=True),
        sa.Column("ethnic_category", TEXT, nullable=True),
        sa.Column("ethnic_category_2021", TEXT, nullable=True),
        sa.Column("preferred_language", TEXT, nullable=True),
        sa.Column("interpreter_required", sa.Boolean(), nullable=True),
        sa.Column("gp_practice_code", TEXT, nullable=True),
        sa.Column("gp_postcode", TEXT, nullable=True),
        sa.Column("death_datetime", MOMENT, nullable=True),
        sa.Column("occupation", TEXT, nullable=True),
        sa.Column("employment_status", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_person")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_source_person_receipt_id"), "source_person", ["receipt_id"], unique=False)
    op.create_table(
        "source_pregnancy",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("pregnancy_key", TEXT, nullable=True),
        sa.Column("mother_key", TEXT, nullable=True),
        sa.Column("booking_provider_code", TEXT, nullable=True),
        sa.Column("lmp_date", DATE, nullable=True),
        sa.Column("edd_agreed", DATE, nullable=True),
        sa.Column("edd_method", TEXT, nullable=True),
        sa.Column("num_fetuses", sa.Integer(), nullable=True),
        sa.Column("previous_live_births", sa.Integer(), nullable=True),
        sa.Column("previous_stillbirths", sa.Integer(), nullable=True),
        sa.Column("previous_caesareans", sa.Integer(), nullable=True),
        sa.Column("previous_losses_lt24w", sa.Integer(), nullable=True),
        sa.Column("gravidity", sa.Integer(), nullable=True),
        sa.Column("parity", sa.Integer(), nullable=True),
        sa.Column("previous_term_births", sa.Integer(), nullable=True),
        sa.Column("previous_preterm_births", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_pregnancy")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_pregnancy_mother_key_source"), "source_pregnancy", ["mother_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_pregnancy_receipt_id"), "source_pregnancy", ["receipt_id"], unique=False)
    op.create_table(
        "source_residence",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.Column("source_record_id", TEXT, nullable=True),
        sa.Column("observed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("mapping_version", TEXT, nullable=False),
        sa.Column("person_key", TEXT, nullable=True),
        sa.Column("valid_from", DATE, nullable=True),
        sa.Column("valid_to", DATE, nullable=True),
        sa.Column("lsoa_2011", TEXT, nullable=True),
        sa.Column("lsoa_2021", TEXT, nullable=True),
        sa.Column("imd_2019_decile", sa.Integer(), nullable=True),
        sa.Column("imd_2025_decile", sa.Integer(), nullable=True),
        sa.Column("imd_missing_reason", TEXT, nullable=True),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("record_key", "source", "row_hash", name=op.f("pk_source_residence")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_source_residence_person_key_source"), "source_residence", ["person_key", "source"], unique=False
    )
    op.create_index(op.f("ix_source_residence_receipt_id"), "source_residence", ["receipt_id"], unique=False)


def create_operations() -> None:
    """Make the tables of what the service itself keeps."""
    op.create_table(
        "count_cell",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("indicator", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("dimension", TEXT, nullable=False),
        sa.Column("stratum", TEXT, nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "run_id",
            "indicator",
            "version",
            "month",
            "provider",
            "site",
            "dimension",
            "stratum",
            name=op.f("pk_count_cell"),
        ),
    )
    op.create_table(
        "count_run",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("as_of", DATE, nullable=False),
        sa.Column("engine", TEXT, nullable=False),
        sa.Column("definition_hash", TEXT, nullable=False),
        sa.Column("snapshot_hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_run")),
    )
    op.create_index(op.f("ix_count_run_created_at"), "count_run", ["created_at"], unique=False)
    op.create_table(
        "counted_event",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indicator", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("place_in_whole", sa.Integer(), nullable=False),
        sa.Column("place_in_provider", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_counted_event")),
    )
    op.create_table(
        "dirty_key", sa.Column("entity", TEXT, nullable=False), sa.Column("resolved_key", TEXT, nullable=False)
    )
    op.create_index(op.f("ix_dirty_key_resolved_key_entity"), "dirty_key", ["resolved_key", "entity"], unique=False)
    op.create_table(
        "link",
        sa.Column("source_key", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("resolved_key", TEXT, nullable=False),
        sa.Column("pass_name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("source_key", "entity", "source", name=op.f("pk_link")),
    )
    op.create_index(op.f("ix_link_resolved_key_entity"), "link", ["resolved_key", "entity"], unique=False)
    op.create_table(
        "linkage_zone",
        sa.Column("source_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person_key", TEXT, nullable=False),
        sa.Column("nhs_number_hmac", TEXT, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("source_key", "source", name=op.f("pk_linkage_zone")),
    )
    op.create_index(op.f("ix_linkage_zone_nhs_number_hmac"), "linkage_zone", ["nhs_number_hmac"], unique=False)
    op.create_index(op.f("ix_linkage_zone_person_key"), "linkage_zone", ["person_key"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("resource_type", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TEXT, nullable=False),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("leased_until", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "target",
            "resource_type",
            "resource_id",
            "version_id",
            name=op.f("uq_outbox_target_resource_type_resource_id_version_id"),
        ),
    )
    op.create_index(op.f("ix_outbox_status_next_at"), "outbox", ["status", "next_at"], unique=False)
    op.create_table(
        "payload",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("adapter", TEXT, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("received_at", TEXT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_payload")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("location", TEXT, nullable=False),
        sa.Column("reason_code", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_receipt_id"), "quarantine", ["receipt_id"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("source_name", TEXT, nullable=False),
        sa.Column("adapter", TEXT, nullable=True),
        sa.Column("mapping_version", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("received_at", TEXT, nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("issue_count", sa.Integer(), nullable=False),
        sa.Column("rows", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_digest"), "receipt", ["digest"], unique=False)
    op.create_table(
        "unresolved_receipt",
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_unresolved_receipt")),
    )
    op.create_table(
        "receipt_issue",
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("location", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", "position", name=op.f("pk_receipt_issue")),
    )
    op.create_table(
        "reference_imd",
        sa.Column("lsoa", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("decile", sa.Integer(), nullable=False),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("lsoa", "version", name=op.f("pk_reference_imd")),
    )
    op.create_table(
        "reference_postcode",
        sa.Column("postcode", TEXT, nullable=False),
        sa.Column("lsoa_2011", TEXT, nullable=True),
        sa.Column("lsoa_2021", TEXT, nullable=True),
        sa.Column("local_authority", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("postcode", name=op.f("pk_reference_postcode")),
    )
    op.create_table(
        "release",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("as_of", DATE, nullable=False),
        sa.Column("preset", TEXT, nullable=False),
        sa.Column("audience", TEXT, nullable=False),
        sa.Column("reporter", TEXT, nullable=False),
        sa.Column("engine", TEXT, nullable=False),
        sa.Column("inputs_hash", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("number", name=op.f("uq_release_number")),
    )
    op.create_table(
        "resource",
        sa.Column("type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("release_id", TEXT, nullable=False),
        sa.Column("last_updated", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("measure", TEXT, nullable=True),
        sa.Column("measure_version", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("reporter", TEXT, nullable=True),
        sa.Column("identifier_system", TEXT, nullable=True),
        sa.Column("identifier", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("period_start", DATE, nullable=True),
        sa.Column("period_end", DATE, nullable=True),
        sa.Column("date", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("length", TEXT, nullable=True),
        sa.Column("audience", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("type", "id", "version_id", name=op.f("pk_resource")),
    )
    op.create_index(
        op.f("ix_resource_type_is_current_last_updated"),
        "resource",
        ["type", "is_current", "last_updated"],
        unique=False,
    )
    op.create_index(
        op.f("ix_resource_type_is_current_measure_period_start"),
        "resource",
        ["type", "is_current", "measure", "period_start"],
        unique=False,
    )
    op.create_table(
        "touched_key",
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("source_key", TEXT, nullable=False),
    )
    op.create_index(
        op.f("ix_touched_key_source_key_entity_source"), "touched_key", ["source_key", "entity", "source"], unique=False
    )
