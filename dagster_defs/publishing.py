"""The read-only copy for analysts, which is replaced after every load."""

import dagster as dg

from dagster_defs.resources import Project
from loader.config import Config


def published_key(config: Config) -> dg.AssetKey:
    """The asset key of the copy that analysts read."""
    assert config.publish is not None
    return dg.AssetKey(["published", config.publish.path.stem])


def publish_copy(project: Project) -> str:
    """Run the publish job."""
    from loader.jobs.publish import publish

    config = project.config()
    assert config.publish is not None
    publish(config)
    return str(config.publish.path)


def publish_after_load(context: dg.AssetExecutionContext | dg.OpExecutionContext, project: Project) -> None:
    """Replace the copy, if configured, inside the step that loaded, because that step holds the writer's slot."""
    config = project.config()
    if config.publish is None:
        return
    path = publish_copy(project)
    context.log.info(f"published {path}")
    context.log_event(dg.AssetMaterialization(published_key(config), metadata={"dagster/uri": path}))
