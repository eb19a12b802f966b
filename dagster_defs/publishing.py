"""The read-only copy for analysts, which follows every load however it was started."""

import dagster as dg

from dagster_defs.resources import Project
from loader.config import Config


def published_key(config: Config) -> dg.AssetKey:
    """The copy that analysts read."""
    assert config.publish is not None
    return dg.AssetKey(["published", config.publish.path.stem])


def publish_copy(project: Project) -> str:
    """Call the job."""
    from loader.jobs.publish import publish

    config = project.config()
    assert config.publish is not None
    publish(config)
    return str(config.publish.path)


def publish_after_load(context: dg.AssetExecutionContext | dg.OpExecutionContext, project: Project) -> None:
    """Replace the copy where the configuration has one, inside the step that loaded: it holds the writer's slot."""
    config = project.config()
    if config.publish is None:
        return
    path = publish_copy(project)
    context.log.info(f"published {path}")
    context.log_event(dg.AssetMaterialization(published_key(config), metadata={"dagster/uri": path}))
