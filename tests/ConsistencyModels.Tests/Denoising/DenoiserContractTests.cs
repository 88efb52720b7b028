using ConsistencyModels.Denoising;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Denoising;

public sealed class EdmDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(8, 8);

    protected override IDenoiser Make(IUNet network) => new Denoiser(network, Preconditioning.Edm(), clip: false);
}

public sealed class ClippedEdmDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(8, 8);

    protected override IDenoiser Make(IUNet network) => new Denoiser(network, Preconditioning.Edm(), clip: true);
}

public sealed class ConsistencyDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(8, 8);

    protected override IDenoiser Make(IUNet network) => new Denoiser(network, Preconditioning.Consistency(), clip: false);
}

/// <summary>And of a size that no vector divides, on a side that is not a square's.</summary>
public sealed class ClippedConsistencyDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(6, 2);

    protected override IDenoiser Make(IUNet network) => new Denoiser(network, Preconditioning.Consistency(), clip: true);
}

/// <summary>A canvas that is one window.</summary>
public sealed class OneTileDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(8, 8);

    protected override IDenoiser Make(IUNet network) =>
        new TiledDenoiser(new Denoiser(network, Preconditioning.Consistency(), clip: true), new(8, 8));
}

/// <summary>A larger canvas, of odd sides, whose windows go three at once: calls begin and end within an image.</summary>
public sealed class TiledDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(13, 21);

    protected override IDenoiser Make(IUNet network) =>
        new TiledDenoiser(new Denoiser(network, Preconditioning.Consistency(), clip: true), new(8, 8), new() { BatchSize = 3 });
}

/// <summary>All windows of the batch at once, around a diffusion model.</summary>
public sealed class TiledEdmDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(12, 8);

    protected override IDenoiser Make(IUNet network) =>
        new TiledDenoiser(new Denoiser(network, Preconditioning.Edm(), clip: false), new(8, 8), new() { Overlap = 2 });
}

/// <summary>Windows of windows.</summary>
public sealed class NestedTilesDenoiserContractTests : DenoiserContract
{
    protected override ImageSize Size => new(20, 18);

    protected override IDenoiser Make(IUNet network) => new TiledDenoiser(
        new TiledDenoiser(new Denoiser(network, Preconditioning.Consistency(), clip: false), new(8, 8), new() { BatchSize = 1 }), new(12, 14), new() { BatchSize = 5 });
}
