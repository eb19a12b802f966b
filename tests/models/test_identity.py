def test_two_ids_on_one_call_are_one_person(modelling):
    modelling.page(anonymous_id="a1")
    modelling.identify(anonymous_id="a1", user_id="u1", email="Jane@Example.com ")
    modelling.track("Signed Up", user_id="u1")

    modelling.run("external_id_mapping", "event_profiles", "identity_profiles", "identity_violations")

    assert len(modelling.rows("id_graph")) == 1
    assert modelling.rows("external_id_mapping", "type", "value") == [
        ("anonymous_id", "a1"),
        ("email", "jane@example.com"),
        ("user_id", "u1"),
    ]
    assert modelling.query("select count(distinct canonical_segment_id), count(*) from models.event_profiles") == [
        (1, 3)
    ]
